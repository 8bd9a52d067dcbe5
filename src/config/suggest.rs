//! "Did you mean": the known name that a misspelt one is nearest to.

/// The one of `known` that `wrong` is most likely a misspelling of, if any is near enough.
pub(super) fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    // People write underscores and capitals where kebab-case is wanted; that is no distance at all.
    let wrong = wrong.to_lowercase().replace('_', "-");
    let near = wrong.chars().count().div_ceil(3).max(1);
    known.iter().map(|name| (distance(&wrong, name), *name)).filter(|(far, _)| *far <= near).min().map(|(_, name)| name)
}

/// Fewest insertions, deletions, substitutions and swaps of neighbours between two words.
///
/// The optimal string alignment distance; Navarro, "A guided tour to approximate string matching", 2001, section 2.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swapped = if swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                substituted.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(swapped)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYS: &[&str] = &["listen", "admin", "upstream", "policy", "debug-headers", "identity-key"];

    #[test]
    fn misspellings() {
        for (wrong, meant) in [
            ("polcy", Some("policy")),
            ("debug_headers", Some("debug-headers")),
            ("Listen", Some("listen")),
            ("upstraem", Some("upstream")),
            ("upstreams", Some("upstream")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, KEYS), meant, "{wrong}");
        }
        assert_eq!(nearest("anything", &[]), None);
    }

    proptest! {
        #[test]
        fn distance_is_a_distance(a in "[a-d]{0,8}", b in "[a-d]{0,8}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
            prop_assert!(distance(&a, &b) <= a.len().max(b.len()));
            prop_assert!(distance(&a, &b) >= a.len().abs_diff(b.len()));
        }
    }
}

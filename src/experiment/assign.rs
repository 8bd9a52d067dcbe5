//! Which arm a unit is in: a pure hash, the same on every replica and after every restart.
//!
//! All draws are BLAKE3 in keyed mode over an [`Id`], 64 bits of it read as a little-endian number `u` and taken as the share
//! `u / 2^64`. The key is `derive_key(context, salt)`, so that draws of other experiments, other versions and other
//! purposes are independent of each other:
//!
//! | draw | context | salt | hashed | bytes |
//! |---|---|---|---|---|
//! | arm | `groundwire 2026 assignment v1` | name, 0x00, version as four bytes | unit | 0–7 |
//! | enrolment | the same | the same | unit | 8–15 |
//! | slice of the layer | `groundwire 2026 layer v1` | layer | unit | 0–7 |
//! | exploration | `groundwire 2026 exploration v1` | name, 0x00, version as four bytes | turn | 0–7, then 8–15 |
//!
//! Numbers are little-endian. Contexts carry a version: a change of any of this is another one, and moves everybody.

use crate::dialogue::Id;

/// Where draws of one purpose come from.
#[derive(Clone, Copy)]
pub(super) struct Draws([u8; 32]);

impl Draws {
    pub(super) fn of_arms(experiment: &str, version: u32) -> Self {
        Self(blake3::derive_key("groundwire 2026 assignment v1", &salt(experiment, version)))
    }

    pub(super) fn of_turns(experiment: &str, version: u32) -> Self {
        Self(blake3::derive_key("groundwire 2026 exploration v1", &salt(experiment, version)))
    }

    pub(super) fn of_layer(layer: &str) -> Self {
        Self(blake3::derive_key("groundwire 2026 layer v1", layer.as_bytes()))
    }

    /// Two independent draws for `id`.
    pub(super) fn draw(&self, id: &Id) -> [Draw; 2] {
        let hash = blake3::keyed_hash(&self.0, id.as_bytes());
        let part = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&hash.as_bytes()[at..at + 8]);
            Draw(u64::from_le_bytes(bytes))
        };
        [part(0), part(8)]
    }
}

fn salt(experiment: &str, version: u32) -> Vec<u8> {
    [experiment.as_bytes(), &[0], &version.to_le_bytes()].concat()
}

/// A number drawn evenly from 0 to 1, 1 excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw(u64);

impl Draw {
    /// The draw as one of `0..of` with equal chances; 0 of none.
    pub(super) fn one_of(self, of: u64) -> u64 {
        // The upper half of the product is floor(share * of), without the rounding of a float.
        u64::try_from((u128::from(self.0) * u128::from(of)) >> 64).unwrap_or(0)
    }

    /// Whether it lies below `share`.
    pub(super) fn below(self, share: f64) -> bool {
        // 53 bits, what an f64 holds exactly.
        ((self.0 >> 11) as f64) < share * (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::IdentityKey;

    fn unit(i: u32) -> Id {
        Id::of_unit(&IdentityKey::derive(b"test"), "test", &i.to_le_bytes())
    }

    /// Chi-square of counts against equal chances.
    fn chi_square(counts: &[u32]) -> f64 {
        let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
        counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
    }

    #[test]
    fn draws_are_even() {
        let draws = Draws::of_arms("even", 1);
        let mut counts = [[0_u32; 100]; 2];
        for i in 0..100_000 {
            for (draw, counts) in draws.draw(&unit(i)).into_iter().zip(&mut counts) {
                counts[draw.one_of(100) as usize] += 1;
            }
        }
        // 99 degrees of freedom: 149 is passed by chance once in a thousand. The draws are fixed, so this holds or it does not.
        for counts in counts {
            assert!(chi_square(&counts) < 149.0, "{}", chi_square(&counts));
        }
    }

    /// Arms of one experiment say nothing of the arms of another, of another version, of enrolment, or of the layer.
    #[test]
    fn draws_of_different_salts_are_independent() {
        let (a, b) = (Draws::of_arms("a", 1), Draws::of_layer("a"));
        let others = [Draws::of_arms("a", 2), Draws::of_arms("b", 1), Draws::of_turns("a", 1), b];
        let cell = |x: Draw, y: Draw| (x.one_of(4) * 4 + y.one_of(4)) as usize;
        let mut tables = vec![[0_u32; 16]; others.len() + 1];
        for i in 0..80_000 {
            let unit = unit(i);
            let [arm, enrolment] = a.draw(&unit);
            tables[0][cell(arm, enrolment)] += 1;
            for (table, other) in tables[1..].iter_mut().zip(&others) {
                table[cell(arm, other.draw(&unit)[0])] += 1;
            }
        }
        // 15 degrees of freedom: 37.7 once in a thousand.
        for table in tables {
            assert!(chi_square(&table) < 37.7, "{} {table:?}", chi_square(&table));
        }
    }

    /// A name that ends where a version begins is another salt.
    #[test]
    fn names_and_versions_do_not_run_into_each_other() {
        assert_ne!(Draws::of_arms("a", 1).0, Draws::of_arms("a\0", 1).0);
        assert_ne!(Draws::of_arms("a", 1).0, Draws::of_arms("a", 256).0);
    }

    /// Fixed for ever: whoever changes these moves every unit of every running experiment.
    #[test]
    fn the_draws_are_the_documented_ones() {
        let id = Id::of_unit(&IdentityKey::derive(b"0123456789abcdef"), "header:x-user", b"ada");
        let by_hand = |context: &str, salt: &[u8]| {
            let hash = blake3::Hasher::new_keyed(&blake3::derive_key(context, salt)).update(id.as_bytes()).finalize();
            u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default())
        };
        assert_eq!(
            by_hand("groundwire 2026 assignment v1", b"try\0\x02\0\0\0"),
            Draws::of_arms("try", 2).draw(&id)[0].0
        );
        assert_eq!(by_hand("groundwire 2026 layer v1", b"chat"), Draws::of_layer("chat").draw(&id)[0].0);
        assert_eq!(
            (id.to_string().as_str(), Draws::of_arms("try", 2).draw(&id)[0].one_of(1_000_000)),
            ("2bff59e7620cf0aca117e95510cc02fa", 359_535)
        );
    }

    #[test]
    fn bounds_are_exact() {
        assert_eq!((Draw(0).one_of(7), Draw(u64::MAX).one_of(7), Draw(u64::MAX).one_of(0)), (0, 6, 0));
        assert!(!Draw(0).below(0.0) && Draw(0).below(1e-9) && Draw(u64::MAX).below(1.0));
    }
}

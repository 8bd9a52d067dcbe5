//! What of a line of the configuration an error may show.
//!
//! Errors are logged, mailed and pasted into issues. A line is shown as far as it is known to hold no secret: keys, and the
//! values of keys that take none. A key that is unknown may be followed by anything, an API key to begin with.

/// The keys whose values may be shown.
const HARMLESS: &[&str] = &[
    "listen",
    "admin",
    "policy",
    "debug-headers",
    "tools",
    "trust-headers",
    "upstream-ca",
    "upstream-client-certificate",
    "tls",
    "certificate",
    "client-ca",
    "handshake-timeout",
    "upstreams",
    "routes",
    "dialect",
    "strip-prefix",
    "client-certificate",
    "classifier",
    "model",
    "runtime",
    "threads",
    "deadline",
    "queue",
    "cache",
    "base-rate",
    "replies",
    "reply-share",
    "records",
    "to",
    "text",
    "store",
    "retention",
    "rollup-retention",
    "batch",
    "flush",
    "feedback",
    "public",
    "limits",
    "classify-bytes",
    "decoded-bytes",
    "text-bytes",
    "connections",
    "in-flight",
    "header-count",
    "head-bytes",
    "head-timeout",
    "idle-timeout",
    "connect-timeout",
    "upstream-idle-timeout",
    "response-head-timeout",
    "max-body",
    "drain",
    "log",
    "format",
    "level",
    "access",
    "request-id",
    "traceparent",
    "experiment",
    "experiments",
    "name",
    "version",
    "unit",
    "enrol",
    "layer",
    "slice",
    "explore",
    "baseline",
    "primary",
    "primary-better",
    "window",
    "turns",
    "covariate",
    "alpha",
    "horizon",
    "crowd",
    "rules",
    "act",
    "delivery",
    "ambiguity",
    "underspecified",
    "gap",
    "user-act",
    "at-most",
    "force",
    "reply-anyway",
    "never-consecutive",
    "steer",
    "reply",
    "relay",
    "cooldown",
    "need",
    "gap-probability",
    "emotion",
    "disclosed-before",
    "user-act-probability",
    "user-turns",
    "until-turn",
    "every",
    "requirements",
    "questions",
    "repairs",
    "failures",
    "refusals",
    "after-question",
    "answers-question",
    "just-answer",
    "unseen",
    "domain",
    "dialect",
    "any-of",
    "only-if",
    "budget",
    "consecutive",
    "utility",
    "control",
    "shadow",
    "answered",
    "gain",
    "turn-cost",
    "abandonment",
    "history-cost",
    "check-gain",
    "check-cost",
    "assume-gain",
    "assume-cost",
];

/// The bytes of `line` that may be shown; what follows them is not to be.
pub(super) fn showable(line: &str) -> usize {
    known(line).min(before_url(line))
}

/// What stands before a URL, whatever key it is under: it may hold a password or a key.
fn before_url(line: &str) -> usize {
    match line.find("://").or_else(|| line.find('@')) {
        Some(at) => line[..at].rfind(['=', '"', '\'', ' ']).map_or(0, |mark| mark + 1),
        None => line.len(),
    }
}

/// What stands before the first value of a key that takes secrets, or that is not known.
fn known(line: &str) -> usize {
    let (mut quote, mut word) = (None, 0);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => return line[..at].trim_end().len(),
            (None, '{' | '[' | ',') => word = at + 1,
            (None, '=') => {
                let key = line[word..at].trim();
                let name = key.rsplit('.').next().unwrap_or_default().trim_matches(['"', '\'', ' ']);
                if !HARMLESS.contains(&name) {
                    return if is_key(key) { at + 1 } else { 0 };
                }
            }
            _ => {}
        }
    }
    // A table's head, or a line that only goes on with what an earlier one began.
    let plain = line.trim();
    let name = plain.strip_prefix("[[").map(|name| name.strip_suffix("]]").unwrap_or(name));
    let name = name.or_else(|| plain.strip_prefix('[').map(|name| name.strip_suffix(']').unwrap_or(name)));
    let head = name.is_some_and(is_key);
    if line.contains('=') || head { line.len() } else { 0 }
}

/// Whether this is written as a key is, and is no text that happens to hold a `=`.
fn is_key(text: &str) -> bool {
    let bare = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let quoted = |part: &str| part.len() > 1 && part.starts_with('"') && part.ends_with('"');
    text.split('.').map(str::trim).all(|part| bare(part) || quoted(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_as_far_as_it_holds_no_secret() {
        for (line, shown) in [
            ("listen = \"8080\"  # was: https://u:p@h", "listen = \"8080\""),
            ("upstream = \"https://u:p@h\"", "upstream ="),
            ("identity-key = \"hunter2\"", "identity-key ="),
            ("api-key = 'sk-123' x", "api-key ="),
            ("classifier = { threads = 0, token = \"sk\" }", "classifier = { threads = 0, token ="),
            ("classifier.threads = 0", "classifier.threads = 0"),
            ("rules = [{ act = \"clarify, #=\" }]", "rules = [{ act = \"clarify, #=\" }]"),
            ("[clasifier]", "[clasifier]"),
            ("[policies.mine", "[policies.mine"),
            ("[[upstreams]]", "[[upstreams]]"),
            ("key = \"sk-123\"", "key ="),
            ("proxy = \"u:p@h\"", "proxy ="),
            ("[\"sk-live 123\",", ""),
            ("sk-live-123", ""),
            ("  \"https://u:p@h\",", ""),
            ("https://u:p@h/?key=secret", ""),
            ("\"\u{2603} key\" = 1", "\"\u{2603} key\" ="),
        ] {
            assert_eq!(&line[..showable(line)], shown, "{line}");
        }
    }
}

//! What is said about wrong values, of every key and of every flag: what, where, and how to mend it, in the words of the
//! configuration.
//!
//! All messages stand in `tests/data/messages.txt`, to be read as a whole. Where one is changed on purpose,
//! `WRITE_MESSAGES=1 cargo test --test cli_errors` writes the file anew.

#![cfg(all(feature = "cli", unix))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Words of the parser's, and of Rust's types, that tell nobody what to write.
const NOT_OURS: &[&str] = &[
    "invalid type",
    "invalid value: ",
    "usize",
    "u64",
    "i64",
    "f32",
    "f64",
    "nonzero",
    "variant",
    "struct",
    "field",
    "EOF",
    "literal",
    "sequence",
];

/// Every key with values of each wrong kind; `upstream` stands above all tables, where it is not the one that is wrong.
const KEYS: &[(&str, &str, &[&str])] = &[
    ("", "listen", &["1", "\"\"", "\"8080\"", "\"example.com:80\"", "\"127.0.0.1:99999\"", "[]"]),
    ("", "admin", &["false", "\"\"", "\"on\"", "\"127.0.0.1:8080\""]),
    (
        "",
        "upstream",
        &[
            "1",
            "\"\"",
            "\"api.openai.com\"",
            "\"ftp://h\"",
            "\"https://u:p@h\"",
            "\"https://h/?key=k\"",
            "\"http://127.0.0.1:8080\"",
        ],
    ),
    ("", "upstream-ca", &["1", "[]"]),
    ("", "upstream-client-certificate", &["1", "\"c.pem\""]),
    ("", "upstream-client-key", &["true", "\"k.pem\""]),
    ("", "upstream-proxy", &["1", "\"\"", "\"on\"", "\"socks5://u:hunter2@h\"", "\"http://h/hunter2\""]),
    ("", "upstream-key", &["1", "\"sk-hunter2\"", "\"env:GROUNDWIRE_NO_SUCH_KEY\"", "\"file:/no/such/key\""]),
    ("", "upstream-key-header", &["1", "\"host\"", "\"Bearer hunter2\"", "\"x-api-key\""]),
    ("", "upstream-key-scheme", &["1", "\"a b\"", "\"Bearer\""]),
    ("", "tls", &["1", "[]", "{}", "{ certificate = \"c.pem\" }"]),
    ("tls", "certificate", &["1", "\"c.pem\""]),
    ("tls", "handshake-timeout", &["1", "\"soon\""]),
    ("tls", "client-ca", &["1"]),
    ("tls", "cert", &["\"c.pem\""]),
    ("", "upstreams", &["1", "{}", "[1]", "[{}]", "[{ prefix = \"/a\" }]"]),
    ("[upstreams]", "prefix", &["1", "\"\"", "\"/\"", "\"a\"", "\"/a?hunter2\"", "\"/a\""]),
    ("[upstreams]", "key", &["\"sk-hunter2\""]),
    ("[upstreams]", "strip-prefix", &["1", "\"no\""]),
    ("[upstreams]", "api-key", &["\"sk-hunter2\""]),
    ("", "routes", &["1", "{}", "[1]", "[{}]", "[{ path = \"/a\" }]"]),
    ("[routes]", "path", &["1", "\"\"", "\"ask\"", "\"/ask?key=hunter2\"", "\"/a b\""]),
    ("[routes]", "dialect", &["1", "\"\"", "\"openai-chats\"", "\"xml\""]),
    ("", "policy", &["1", "\"\"", "\"gentel\"", "\"mine\""]),
    ("", "debug-headers", &["1", "\"yes\"", "[]"]),
    ("", "tools", &["1", "\"\"", "\"stear\"", "true"]),
    ("", "identity-key", &["1", "\"\"", "\"hunter2\"", "\"env:\"", "\"env:hunter2-hunter2\"", "\"file:\""]),
    ("", "trust-headers", &["\"mode\"", "[1]", "[\"\"]", "[\"mode\", \"users\"]"]),
    ("", "classifier", &["1", "\"off\"", "[]"]),
    ("", "polcy", &["\"gentle\""]),
    ("classifier", "model", &["1", "\"\"", "true"]),
    ("classifier", "runtime", &["1", "true"]),
    ("classifier", "threads", &["\"1\"", "-1", "0", "257", "1.5", "true", "99999999999999999999"]),
    ("classifier", "deadline", &["25", "\"\"", "\"0ms\"", "\"-1ms\"", "\"61s\"", "\"25 parsecs\"", "\"99999999999h\""]),
    ("classifier", "queue", &["\"64\"", "-1", "0", "65537"]),
    ("classifier", "cache", &["\"no\"", "-1", "10000001"]),
    ("classifier", "base-rate", &["\"3 %\"", "-0.1", "0", "0.4", "3", "nan"]),
    ("classifier", "replies", &["1", "\"no\""]),
    ("classifier", "reply-share", &["\"25\"", "0", "101"]),
    ("records", "to", &["1", "\"\"", "false"]),
    ("records", "text", &["1", "true"]),
    ("records", "queue", &["\"1\"", "-1", "0", "1000001"]),
    (
        "store",
        "url",
        &["1", "\"\"", "\"hunter2\"", "\"sqlite:\"", "\"postgres://u:hunter2@h\"", "\"env:GROUNDWIRE_NO_SUCH_URL\""],
    ),
    ("store", "text", &["1", "true"]),
    ("store", "retention", &["90", "\"90 moons\"", "\"0s\""]),
    ("store", "rollup-retention", &["true"]),
    ("store", "queue", &["0"]),
    ("store", "batch", &["0", "10001"]),
    ("store", "flush", &["\"0s\"", "\"2m\""]),
    ("feedback", "token", &["1", "\"hunter2\"", "\"env:GROUNDWIRE_NO_SUCH_TOKEN\""]),
    ("feedback", "public", &["\"yes\""]),
    ("limits", "classify-bytes", &["4", "\"\"", "\"-1B\"", "\"4M\"", "\"99999999999GiB\""]),
    ("limits", "decoded-bytes", &["4", "\"4\""]),
    ("limits", "text-bytes", &["1.5", "\"1 mib\""]),
    ("limits", "connections", &["\"many\"", "-1", "0", "1000001"]),
    ("limits", "in-flight", &["\"many\"", "0", "1000001"]),
    ("limits", "header-count", &["\"many\"", "0", "10001"]),
    ("limits", "head-bytes", &["8192", "\"1KiB\"", "\"8 kilobytes\""]),
    ("limits", "head-timeout", &["10", "\"0s\"", "\"ten\""]),
    ("limits", "idle-timeout", &["2", "\"0s\"", "\"2min\""]),
    ("limits", "connect-timeout", &["5", "\"0s\"", "\"5\""]),
    ("limits", "upstream-idle-timeout", &["45", "\"0s\"", "\"\""]),
    ("limits", "response-head-timeout", &["0", "\"0s\"", "\"never\""]),
    ("limits", "max-body", &["0", "\"0\"", "\"big\""]),
    ("limits", "drain", &["30", "\"-1s\""]),
    ("limits", "connection", &["1"]),
    ("log", "format", &["1", "\"\"", "\"xml\""]),
    ("log", "level", &["1", "\"\"", "\"loud\"", "\"info,,=\""]),
    ("log", "access", &["1", "\"\"", "false"]),
    ("log", "request-id", &["true", "\"off\""]),
    ("log", "traceparent", &["1", "\"generat\""]),
    ("policies.gentle", "rules", &["[]"]),
    ("phrases.en.clarify", "steer", &["1", "\"\"", "\"{{ abuot }}\"", "\"{{ about\""]),
    ("phrases.en.clarfy", "steer", &["\"x\""]),
    ("phrases.en.recap", "reply", &["\"x\""]),
    ("phrases.english.recap", "steer", &["\"x\""]),
    ("policies.mine", "rule", &["[]"]),
    ("policies.mine", "rules", &["1", "{}", "[1]", "[{}]"]),
    ("policies.mine", "any-of", &["1", "[]", "[\"gentel\"]", "[\"mine\"]"]),
    ("policies.mine", "utility", &["1", "{ gian = 1 }", "{ gain = \"1\" }", "{ gain = -1 }", "{ answered = 73 }"]),
    ("policies.mine", "only-if", &["1", "{ domain = [\"health\"] }", "{ act = \"clarify\" }"]),
    ("policies.mine", "at-most", &["\"2\"", "2"]),
    ("policies.mine", "budget", &["2", "{ question = 2 }", "{ cooldown = -1 }"]),
    ("policies.mine", "control", &["1"]),
    ("policies.mine", "shadow", &["1"]),
    ("", "experiment", &["1", "[]", "{}", "{ name = \"a\" }"]),
    ("", "experiments", &["1", "{}", "[{}]"]),
    ("experiment", "name", &["1", "\"\"", "\"Ask or assume\""]),
    ("experiment", "version", &["0", "\"2\""]),
    (
        "experiment",
        "unit",
        &[
            "1",
            "\"\"",
            "\"user\"",
            "\"header:\"",
            "\"header:x y\"",
            "\"header:x-groundwire-mode\"",
            "\"header:x-groundwire-conversation\"",
            "\"body:\"",
        ],
    ),
    ("experiment", "enrol", &["101", "\"10\""]),
    ("experiment", "layer", &["1"]),
    ("experiment", "slice", &["1", "\"50\"", "\"60-50\"", "\"0-101\""]),
    ("experiment", "explore", &["\"no\""]),
    ("experiment", "baseline", &["1"]),
    ("experiment", "primary", &["1"]),
    ("experiment", "primary-better", &["1", "\"more\""]),
    ("experiment", "window", &["24", "\"1d\""]),
    ("experiment", "turns", &["0"]),
    ("experiment", "covariate", &["1"]),
    ("experiment", "alpha", &["\"5 %\""]),
    ("experiment", "horizon", &["9"]),
    ("experiment", "crowd", &["1"]),
    ("lmits", "drain", &["\"1s\""]),
];

/// Keys of a rule, each beside an act.
const RULE: &[(&str, &[&str])] = &[
    ("delivery", &["1", "\"\"", "\"mail\""]),
    ("force", &["1", "\"yes\""]),
    ("reply-anyway", &["1"]),
    ("ambiguity", &["\"0.5\"", "-0.1", "50", "true"]),
    ("underspecified", &["\"x\"", "1.1", "nan"]),
    ("gap", &["\"vague_goal\"", "[1]", "[\"vague\"]"]),
    ("user-act", &["1", "[\"asks\"]"]),
    ("at-most", &["\"2\"", "-1", "1.5"]),
    ("never-consecutive", &["1"]),
    ("cooldown", &["\"3\"", "-1"]),
    ("need", &["\"ask\"", "[\"asks\"]", "[]"]),
    ("gap-probability", &["2", "0.5"]),
    ("emotion", &["\"sad\"", "8"]),
    ("disclosed-before", &["1"]),
    ("user-act-probability", &["\"x\"", "0.5"]),
    ("user-turns", &["-1", "\"6\""]),
    ("until-turn", &["\"x\""]),
    ("every", &["0", "2", "-1"]),
    ("requirements", &["\"5\""]),
    ("questions", &["1.5"]),
    ("repairs", &["true"]),
    ("failures", &["\"1\""]),
    ("refusals", &["-1"]),
    ("after-question", &["\"yes\""]),
    ("answers-question", &["1"]),
    ("just-answer", &["1"]),
    ("unseen", &["1"]),
    ("domain", &["\"health\"", "[]"]),
    ("route", &["\"/v1\"", "[\"v1\"]", "[\"/v1?key=hunter2\"]"]),
    ("header", &["\"x\"", "{}", "{ authorization = \"Bearer hunter2\" }", "{ \"x tier\" = \"a\" }", "{ x-tier = 1 }"]),
    ("dialect", &["1", "[\"openai\"]"]),
    ("ambiguty", &["0.5"]),
];

/// Keys that are right each for itself, and wrong beside the others.
const TOGETHER: &[&str] = &[
    "[policies.a]\nany-of = [\"b\"]\n[policies.b]\nany-of = [\"gentle\", \"a\"]",
    "[policies.a]\nrules = []\nutility = {}",
    "[policies.a]\nrules = []\nshadow = \"carefull\"",
    "[policies.a]\nrules = []\nonly-if = { emotion = 2 }",
    "[policies.a]\nrules = [{ act = \"recap\", user-turns = 5, until-turn = 3 }]",
    "trust-headers = [\"mode\"]\n[policies.a]\nrules = [{ act = \"check\", domain = [\"law\"] }]",
    "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\nhandshake-timeout = \"0s\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"https://u:hunter2@h\"",
    "[[routes]]\npath = \"/a\"\ndialect = \"off\"\n[[routes]]\npath = \"/a\"\ndialect = \"chat\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"http://127.0.0.1:8080/v1\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"http://h\"\nclient-key = \"k.pem\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"http://h\"\nkey-header = \"x-api-key\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"http://h\"\n[[upstreams]]\nprefix = \"/a/\"\nurl = \"http://i\"",
    "[[upstreams]]\nprefix = \"/a\"\nurl = \"http://h\"\n[[upstreams]]\nprefix = \"/b\"\nurl = \"http://i\"\nkey = \"env:GROUNDWIRE_NO_SUCH_KEY\"",
    "[experiment]\nname = \"a\"\narms = {}",
    "[experiment]\nname = \"a\"\narms = { control = 50 }",
    "[experiment]\nname = \"a\"\narms = { control = 50, gentle = 40 }",
    "[experiment]\nname = \"a\"\narms = { control = 50, gentel = 50 }",
    "[experiment]\nname = \"a\"\narms = { control = 50, mine = 50 }",
    "[experiment]\nname = \"a\"\narms = { gentle = 50, off = 50 }",
    "[experiment]\nname = \"a\"\narms = [1]",
    "[experiment]\nname = \"a\"\narms = { control = 0, gentle = 100 }",
    "[experiment]\nname = \"a\"\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nunit = \"header:x-groundwire-user\"\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nexplore = 0.6\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nalpha = 0\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nalpha = 0.0\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nwindow = \"0s\"\narms = { control = 50, gentle = 50 }",
    "[experiment]\nname = \"a\"\nprimary = \"\"\narms = { control = 50, gentle = 50 }",
    "identity-key = \"env:PATH\"\n[[experiments]]\nname = \"a\"\nslice = \"0-50\"\narms = { control = 50, gentle = 50 }\n[[experiments]]\nname = \"a\"\nslice = \"50-100\"\narms = { control = 50, gentle = 50 }",
    "identity-key = \"env:PATH\"\n[[experiments]]\nname = \"a\"\nslice = \"0-50\"\narms = { control = 50, gentle = 50 }\n[[experiments]]\nname = \"b\"\nslice = \"40-100\"\narms = { control = 50, gentle = 50 }",
    "identity-key = \"env:PATH\"\n[[experiments]]\nname = \"a\"\nslice = \"0-50\"\narms = { control = 50, gentle = 50 }\n[[experiments]]\nname = \"b\"\nslice = \"50-100\"\nlayer = \"other\"\narms = { control = 50, gentle = 50 }",
    "identity-key = \"env:PATH\"\n[[experiments]]\nname = \"a\"\nslice = \"0-50\"\narms = { control = 50, gentle = 50 }\n[[experiments]]\nname = \"b\"\nslice = \"50-100\"\nunit = \"body:user\"\narms = { control = 50, gentle = 50 }",
];

/// What is no TOML, and what stands in the wrong place.
const FILES: &[&str] = &[
    "",
    "upstream = http://h",
    "upstream = https://u:p@h/?key=k",
    "api-key = 'hunter2' x",
    "upstream = \"http://h\" # was https://u:p@h\nlisten = 1 # hunter2",
    "upstream = \"http://h\"\nheaders = { authorization = \"Bearer hunter2\" }",
    "upstream = \"http://h\"\n[log]\ntoken = \"hunter2\"\nformat = 1",
    "upstream =",
    "upstream = \"http://h",
    "listen = 127.0.0.1:80\nupstream = \"http://h\"",
    "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"\nupstream = \"http://h\"",
    "upstream = \"http://h\"\n[classifier\nthreads = 1",
    "upstream = \"http://h\"\n[log]\n[log]",
    "upstream = \"http://h\"\n[policies.mine]\nrules = [{ act = \"clarfy\" }, { act = 1 }]",
];

/// Arguments that are wrong.
const ARGUMENTS: &[&[&str]] = &[
    &["serve"],
    &["serve", "--upstream", ""],
    &["serve", "--upstream", "api.openai.com"],
    &["serve", "--upstream", "https://u:hunter2@h"],
    &["demo", "--upstream", "https://h/?key=hunter2"],
    &["check", "f.toml", "--upstream", "hunter2"],
    &["serve", "--upstream", "http://h", "--listen", "80"],
    &["serve", "--upstream", "http://h", "--admin", "no"],
    &["serve", "--upstream", "http://h", "--policy", "gentel"],
    &["serve", "--upstream", "http://h", "--model", ""],
    &["serve", "--upstream", "http://h", "--records", ""],
    &["serve", "--config", "no-such-file.toml"],
    &["score", "--base-rate", "much"],
    &["score", "--base-rate", "3"],
    &["audit", "--base-rate", "-1"],
    &["demo", "--policy", "gentel"],
    &["demo", "no-such-file.txt"],
];

/// Variables that are wrong, each alone beside a file that is right.
const VARIABLES: &[(&str, &str)] = &[
    ("GROUNDWIRE_LISTEN", "8080"),
    ("GROUNDWIRE_UPSTREAM", "https://u:p@h/?key=k"),
    ("GROUNDWIRE_POLICY", "gentel"),
    ("GROUNDWIRE_TOOLS", "stear"),
    ("GROUNDWIRE_DEBUG_HEADERS", "yes"),
    ("GROUNDWIRE_IDENTITY_KEY", "hunter2"),
    ("GROUNDWIRE_TRUST_HEADERS", "mode, users"),
    ("GROUNDWIRE_CLASSIFIER__THREADS", "many"),
    ("GROUNDWIRE_CLASSIFIER__THREADS", "0"),
    ("GROUNDWIRE_CLASSIFIER__BASE_RATE", "3 %"),
    ("GROUNDWIRE_LIMITS__MAX_BODY", "big"),
    ("GROUNDWIRE_LIMITS__MAX_BODDY", "4MiB"),
    ("GROUNDWIRE_LIMITS_MAX_BODY", "4MiB"),
    ("GROUNDWIRE_MAX_BODY", "4MiB"),
    ("GROUNDWIRE_KEYS", "hunter2"),
    ("GROUNDWIRE_COLOUR", "hunter2"),
];

fn groundwire(arguments: &[&str], folder: &Path) -> Output {
    command(arguments, folder).output().unwrap()
}

fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groundwire"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// What `check` says about this file.
fn check(text: &str, folder: &Path) -> String {
    std::fs::write(folder.join("g.toml"), text).unwrap();
    let output = groundwire(&["check", "g.toml"], folder);
    if output.status.success() {
        return "accepted\n".to_owned();
    }
    assert_eq!(output.status.code(), Some(1), "{text}");
    let message = String::from_utf8(output.stderr).unwrap();
    let place = message.strip_prefix("error: g.toml:").unwrap_or_else(|| panic!("{text:?} has no place: {message}"));
    let mut numbers = place.splitn(3, ':');
    assert!(numbers.by_ref().take(2).all(|number| number.parse::<u32>().is_ok()), "{message}");
    let fix = message.lines().last().unwrap().trim_start();
    assert!(fix.starts_with("= ") && fix.len() > 10, "{text:?} has no fix: {message}");
    plain(text, &message);
    for secret in ["hunter2", "u:p", "key=k"] {
        assert!(!message.contains(secret), "{message}");
    }
    message
}

fn plain(text: &str, message: &str) {
    for &word in NOT_OURS {
        assert!(!message.contains(word), "{word:?} says nothing to whoever wrote {text:?}: {message}");
    }
}

#[test]
fn every_key_and_flag_says_what_where_and_how_to_mend_it() {
    let folder = TempDir::new().unwrap();
    let mut all = String::new();
    let mut row = |text: &str| {
        let said = check(text, folder.path());
        writeln!(all, "{}\n{said}", text.lines().map(|line| format!("> {line}\n")).collect::<String>().trim_end())
            .unwrap();
    };
    for &(table, key, values) in KEYS {
        let head = if key == "upstream" { "" } else { "upstream = \"http://h\"\n" };
        let table = if table.is_empty() { String::new() } else { format!("[{table}]\n") };
        values.iter().for_each(|value| row(&format!("{head}{table}{key} = {value}")));
    }
    for &(key, values) in RULE {
        for value in values {
            row(&format!("upstream = \"http://h\"\n[policies.p]\nrules = [{{ act = \"clarify\", {key} = {value} }}]"));
        }
    }
    TOGETHER.iter().for_each(|text| row(&format!("upstream = \"http://h\"\n{text}")));
    FILES.iter().for_each(|text| row(text));
    std::fs::write(folder.path().join("g.toml"), "upstream = \"http://h\"").unwrap();
    for &(name, value) in VARIABLES {
        let output = command(&["check", "g.toml"], folder.path()).env(name, value).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        plain(name, &message);
        assert!(message.contains(name) || message.contains("the environment"), "{message}");
        for secret in ["hunter2", "u:p", "key=k"] {
            assert!(!message.contains(secret), "{message}");
        }
        writeln!(all, "$ {name}=… groundwire check g.toml\n[{}] {message}", output.status.code().unwrap()).unwrap();
    }
    for &arguments in ARGUMENTS {
        let output = groundwire(arguments, folder.path());
        let message = String::from_utf8(output.stderr).unwrap();
        plain(&arguments.join(" "), &message);
        assert!(!message.contains("hunter2"), "{message}");
        writeln!(all, "$ groundwire {}\n[{}] {message}", arguments.join(" "), output.status.code().unwrap()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/messages.txt");
    if std::env::var_os("WRITE_MESSAGES").is_some() {
        std::fs::write(path, &all).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    let first =
        all.lines().zip(wanted.lines()).position(|(is, wanted)| is != wanted).map_or(0, |at| at.saturating_sub(4));
    let around = |text: &str| text.lines().skip(first).take(12).collect::<Vec<_>>().join("\n");
    assert!(all == wanted, "said:\n{}\n\nwanted:\n{}", around(&all), around(&wanted));
}

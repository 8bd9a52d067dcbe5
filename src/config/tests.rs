//! Tests of the configuration as a whole: defaults, errors, and what is written and read again.

#![allow(clippy::unwrap_used)]

use super::*;

fn parse(text: &str) -> Result<Config> {
    Config::from_toml(text, "groundwire.toml", &Overrides::default())
}

/// The message of a file that is wrong.
fn wrong(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert!(error.is_config());
    error.to_string()
}

#[test]
fn an_upstream_is_enough() {
    let config = parse("upstream = \"http://h\"").unwrap();
    assert_eq!(config, Config::default_for("http://h".parse().unwrap()));
    assert_eq!(config.limits.response_head_timeout, OrOff::Off);
    assert_eq!(config.classifier.base_rate.get(), 0.03);
}

#[test]
fn an_error_shows_the_place_and_the_fix() {
    assert_eq!(
        wrong("upstream = \"http://h\"\n\n  polcy = \"gentle\"\n"),
        "groundwire.toml:3:3: unknown key `polcy`\n  |\n3 |   polcy = …\n  |   ^^^^^\n  = did you mean `policy`?"
    );
    assert_eq!(
        wrong("upstream = \"http://h\"\n[classifier]\ndeadline = \"25 parsecs\" # long\n"),
        "groundwire.toml:3:12: `25 parsecs` is no length of time\n  |\n3 | deadline = \"25 parsecs\" …\n  |            ^^^^^^^^^^^^\n  = write a whole number and a unit (us, ms, s, m, h or d), such as \"25ms\""
    );
}

#[test]
fn what_is_wrong_is_said_where_it_stands() {
    let rows = [
        ("listen = \"8080\"", "1:10: `8080` is no address", "127.0.0.1:8080"),
        ("admin = \"on\"", "1:9: `on` is no address", "or \"off\""),
        ("upstream = \"api.openai.com\"", "1:12: the upstream is no URL", "https://api.openai.com"),
        ("upstream = \"ftp://h\"", "1:12: the upstream is neither http nor https", "write a URL"),
        (
            "upstream = \"http://localhost:8080/v1\"",
            "1:12: `upstream` and `listen` are the same address",
            "another port",
        ),
        ("policy = \"gentel\"", "1:10: there is no policy `gentel`", "did you mean `gentle`?"),
        (
            "policy = \"x\"\n[policies.careful]\nrules = []",
            "1:10: there is no policy `x`",
            "gentle, careful, clinical, candid, agent, off",
        ),
        ("[policies.gentle]\nrules = []", "1:1: `gentle` is the name of a policy that ships", "another name"),
        ("[policies.p]\nrules = [{ act = \"clarfy\" }]", "2:18: unknown value `clarfy`", "did you mean `clarify`?"),
        (
            "[policies.p]\nrules = [\n  { act = \"clarify\", ambiguty = 1 }]",
            "3:22: unknown key `ambiguty`",
            "did you mean `ambiguity`?",
        ),
        (
            "[policies.p]\nrules = [{ act = \"clarify\", ambiguity = 50 }]",
            "2:41: rule 1 of `p` compares with 50",
            "from 0 to 1",
        ),
        ("tools = \"stear\"", "1:9: unknown value `stear`", "did you mean `steer`?"),
        ("trust-headers = [\"mode\", \"users\"]", "1:26: unknown value `users`", "did you mean `user`?"),
        ("identity-key = \"hunter2\"", "1:16: this says not where the secret is", "env:NAME"),
        ("debug-headers = 1", "1:17: `debug-headers` must be true or false, not 1", "true or false"),
        ("[classifier]\nthreads = 0", "2:11: `threads` must be a whole number from 1 to 256", "from 1 to 256"),
        ("[classifier]\nbase-rate = 3", "2:13: `3` is no base rate", "0.03"),
        ("[classifier]\ndeadline = 25", "2:12: `deadline` must be a length of time in quotes, not 25", "\"25ms\""),
        ("[classifier]\ndeadline = \"0s\"", "2:12: `deadline` is no time at all", "above zero"),
        ("[clasifier]\n", "1:2: unknown key `clasifier`", "did you mean `classifier`?"),
        ("[limits]\nmax-body = \"big\"", "2:12: `big` is no number of bytes", "or \"off\""),
        ("[limits]\nhead-bytes = \"1KiB\"", "2:14: 1KiB is too little", "\"8KiB\" or more"),
        ("[limits]\nconnection = 1", "2:1: unknown key `connection`", "did you mean `connections`?"),
        ("[log]\nlevel = \"loud\"", "2:9: `loud` is no log level", "\"info\""),
        ("[log]\nformat = \"xml\"", "2:10: unknown value `xml`", "auto, pretty, json"),
        ("[records]\ntext = true", "2:8: records of this version hold no text", "false"),
        ("admin = \"127.0.0.1:8080\"", "1:9: `admin` and `listen` are the same", "another port"),
        (
            "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"",
            "2:1: `listen` stands here for the second time",
            "remove one",
        ),
        ("upstream = http://h", "1:12: text must stand in quotes", "double quotes"),
        ("upstream =", "1:11: a value is missing", "after the `=`"),
        ("", "1:1: no upstream is named", "--upstream"),
    ];
    for (text, what, fix) in rows {
        let message = wrong(text);
        assert!(message.starts_with(&format!("groundwire.toml:{what}")), "{text:?}: {message}");
        assert!(message.lines().last().unwrap().contains(fix), "{text:?}: {message}");
        assert_eq!(message.lines().count(), 5, "{text:?}: {message}");
    }
}

#[test]
fn lines_with_wide_characters_and_carriage_returns_are_shown_right() {
    let message = wrong("upstream = \"http://h\" # ☃\r\n\"\tkey ☃\" = 1\r\n");
    assert!(message.starts_with("groundwire.toml:2:1: unknown key"), "{message}");
    assert!(message.lines().nth(3).unwrap().ends_with(&"^".repeat(8)), "{message}");
    assert!(!message.contains('\r'));
}

#[test]
fn the_command_line_wins() {
    let overrides = Overrides {
        upstream: Some("http://other".parse().unwrap()),
        admin: Some(OrOff::Off),
        model: Some(Model::Off),
        records: Some(RecordsTo::Stdout),
        ..Overrides::default()
    };
    let config = Config::from_toml("listen = \"127.0.0.1:1\"", "f", &overrides).unwrap();
    assert_eq!(config.upstream.to_string(), "http://other");
    assert_eq!(config.listen.to_string(), "127.0.0.1:1");
    assert_eq!((config.admin, config.classifier.model, config.records.to), (OrOff::Off, Model::Off, RecordsTo::Stdout));
    let overrides = Overrides { policy: Some("gentel".to_owned()), ..Overrides::default() };
    let error = Config::from_toml("upstream = \"http://h\"", "f", &overrides).unwrap_err();
    assert_eq!(error.to_string(), "there is no policy `gentel`: did you mean `gentle`?");
}

#[test]
fn what_is_written_reads_the_same() {
    let text = r#"
        listen = "0.0.0.0:80"
        admin = "off"
        upstream = "https://h/base"
        upstream-ca = "ca.pem"
        policy = "careful"
        debug-headers = true
        tools = "bypass"
        identity-key = "env:KEY"
        trust-headers = []
        classifier = { model = "m", runtime = "lib.so", threads = 2, deadline = "1s", queue = 1, cache = 0, base-rate = 0.1, reply-share = 50 }
        records = { to = "a.jsonl", queue = 2 }
        log = { format = "json", level = "info,hyper=debug" }
        [limits]
        classify-bytes = "1KiB"
        max-body = "3MB"
        response-head-timeout = "90s"
        [policies.careful]
        rules = [{ act = "clarify", ambiguity = 0.5 }]
    "#;
    let config = parse(text).unwrap();
    let written = config.to_toml().unwrap();
    assert_eq!(parse(&written).unwrap(), config, "{written}");
    let plain = Config::default_for("http://h".parse().unwrap());
    assert_eq!(parse(&plain.to_toml().unwrap()).unwrap(), plain);
}

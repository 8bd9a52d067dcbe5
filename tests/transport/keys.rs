//! Keys: the callers' own pass; one of the operator's replaces them, and neither is ever told to anybody else.

use super::client::{ask, chat};
use super::echo::Echo;
use super::sidecar::{Sidecar, configure, fails};

/// Credentials of every kind that callers send.
const CALLERS: [(&str, &str); 4] = [
    ("authorization", "Bearer sk-caller-hunter2"),
    ("x-api-key", "sk-ant-caller-hunter2"),
    ("api-key", "azure-caller-hunter2"),
    ("x-goog-api-key", "google-caller-hunter2"),
];

#[tokio::test]
async fn a_callers_credentials_pass_or_are_replaced_whatever_kind_they_are() {
    let echo = Echo::start("it", None).await;
    let url = echo.url();
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("key"), "from-file-hunter2\n").unwrap();
    let mut config = format!("upstream = \"{url}\"\n");
    for (prefix, keys) in [
        ("openai", "key = \"env:OPENAI\""),
        ("anthropic", "key = \"file:key\"\nkey-header = \"X-Api-Key\""),
        ("azure", "key = \"env:OPENAI\"\nkey-header = \"api-key\""),
        ("basic", "key = \"env:OPENAI\"\nkey-scheme = \"Basic\""),
        ("bare", "key = \"env:OPENAI\"\nkey-scheme = \"off\""),
        ("own", "key = \"file:key\"\nkey-header = \"x-gateway-token\"\nkey-scheme = \"Token\""),
    ] {
        config.push_str(&format!("[[upstreams]]\nprefix = \"/{prefix}\"\nurl = \"{url}\"\n{keys}\n"));
    }
    configure(folder.path(), &config);
    let sidecar = Sidecar::start_in(folder, &[("OPENAI", "from-env-hunter2")]).await;
    let (_, seen) = ask(sidecar.address, chat("/v1/chat/completions", "{}", &CALLERS)).await;
    for (name, value) in CALLERS {
        assert_eq!(seen["headers"][name], value, "passed by default");
    }
    let rows = [
        ("openai", "authorization", "Bearer from-env-hunter2"),
        ("anthropic", "x-api-key", "from-file-hunter2"),
        ("azure", "api-key", "from-env-hunter2"),
        ("basic", "authorization", "Basic from-env-hunter2"),
        ("bare", "authorization", "from-env-hunter2"),
        ("own", "x-gateway-token", "Token from-file-hunter2"),
    ];
    for (prefix, header, value) in rows {
        for sent in [&CALLERS[..], &[(header, "caller-hunter2")], &[]] {
            let (status, seen) =
                ask(sidecar.address, chat(&format!("/{prefix}/v1/chat/completions"), "{}", sent)).await;
            assert_eq!((status, &seen["headers"][header]), (200, &value.into()), "{prefix}");
            assert!(!seen.to_string().contains("caller"), "{prefix}: {seen}");
            let credentials = CALLERS.iter().filter(|(name, _)| !seen["headers"][name].is_null()).count();
            assert_eq!(credentials, usize::from(header != "x-gateway-token"), "{prefix}: {seen}");
        }
    }
    let metrics = sidecar.admin("/metrics").await;
    let (_, log) = sidecar.stop().await;
    assert!(!metrics.contains("hunter2") && !log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn the_default_upstream_can_have_one_too_and_tunnels_get_it() {
    let echo = Echo::start("it", None).await;
    let config =
        format!("upstream = \"{}\"\nupstream-key = \"env:KEY\"\nupstream-key-header = \"x-api-key\"", echo.url());
    let sidecar = Sidecar::start(&config, &[("KEY", "  from-env \n")]).await;
    let upgrade = [("authorization", "Bearer caller"), ("connection", "upgrade"), ("upgrade", "websocket")];
    for sent in [&CALLERS[..1], &upgrade] {
        let (_, seen) = ask(sidecar.address, chat("/v1/realtime", "", sent)).await;
        assert_eq!(
            (&seen["headers"]["x-api-key"], &seen["headers"]["authorization"]),
            (&"from-env".into(), &().into())
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_an_error_at_the_start_with_key_and_line() {
    let above = "upstream = \"http://h\"";
    let routed = |key: &str| {
        format!(
            "{above}\n[[upstreams]]\nprefix = \"/a\"\nurl = \"http://h\"\n[[upstreams]]\nprefix = \"/b\"\nurl = \"http://h\"\nkey = \"{key}\""
        )
    };
    // Above stand `listen` and `admin`, and before the tables those of every test.
    for (config, place, what) in [
        (format!("{above}\nupstream-key = \"env:NO_SUCH_KEY\""), "groundwire.toml:4:16: ", "no variable NO_SUCH_KEY"),
        (format!("{above}\nupstream-key = \"file:none\""), "groundwire.toml:4:16: ", "the file none cannot be read"),
        (routed("env:NO_SUCH_KEY"), "groundwire.toml:15:7: ", "no variable NO_SUCH_KEY"),
        (routed("file:none"), "groundwire.toml:15:7: ", "the file none cannot be read"),
        (format!("{above}\nupstream-key = \"env:EMPTY\""), "upstream-key: ", "is empty"),
        (routed("env:TWO_LINES"), "`key` of the upstream for /b: ", "no header can"),
    ] {
        for command in ["serve", "check"] {
            let said = fails(command, &config, &[("EMPTY", " \n"), ("TWO_LINES", "hunter2\nhunter2")]).await;
            assert!(said.contains(place) && said.contains(what), "{command} {config}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

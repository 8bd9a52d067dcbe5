//! What is wrong with a configuration or a line of input is said without the secret that stands in it.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// What every planted word begins with.
const MARK: &str = "zq7";

fn groundwire(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_groundwire")).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn silent(output: &Output, what: &str) {
    let said = [output.stdout.clone(), output.stderr.clone()].concat();
    let said = String::from_utf8_lossy(&said).to_ascii_lowercase();
    assert!(!said.contains(MARK), "{what}: {said}");
}

/// Files that are wrong in one line each, beside the secret that stands there.
const WRONG: [&str; 21] = [
    "upstream = \"https://user:zq7password@api.example\"",
    "upstream = \"https://api.example/v1?key=zq7key\"",
    "upstream = \"https://api.example/#zq7fragment\"",
    "upstream = \"zq7scheme://api.example\"",
    "upstream = \"https://zq7 host\"",
    "upstream = \"https://h\"\nidentity-key = \"zq7secret-without-a-scheme\"",
    "upstream = \"https://h\"\nidentity-key = \"env:\"\n# zq7",
    "upstream = \"https://h\"\nidentity-key = zq7unquoted",
    "upstream = \"https://h\"\nidentity-key = [\"zq7list\"]",
    "upstream = \"https://h\"\nidentity-key = { value = \"zq7table\" }",
    "upstream = \"https://h\"\nidentity-key = \"\"\"\nzq7multiline\n",
    "upstream = \"https://h\"\nidentiy-key = \"zq7misspelt\"",
    "upstream = \"https://h\"\napi-key = \"zq7unknown\"",
    "upstream = \"https://h\"\n[upstreams]\nkey = \"zq7unknown\"",
    "upstream = \"https://h\"\nupstream-key = \"zq7bare\"",
    "upstream = \"https://h\"\nupstream-key = \"env:NO_SUCH\"\nupstream-proxy = \"http://u:zq7password@[\"",
    "upstream = \"https://h\"\nupstream-proxy = \"socks9://u:zq7password@h\"",
    "upstream = \"https://h\"\n[[upstreams]]\nprefix = \"/a\"\nurl = \"https://u:zq7password@h\"",
    "upstream = \"https://h\"\n[[upstreams]]\nprefix = \"/a\"\nurl = \"https://h\"\nkey = \"zq7bare\"",
    "upstream = \"https://h\" authorization = \"zq7sameline\"",
    "upstream = \"https://h\nidentity-key = \"zq7unclosed\"",
];

#[test]
fn a_wrong_line_is_blamed_without_its_secret() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("g.toml");
    for text in WRONG {
        fs::write(&file, text).unwrap();
        let output = groundwire(&["check", file.to_str().unwrap()], &[]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(!output.stderr.is_empty());
        silent(&output, text);
    }
}

#[test]
fn arguments_and_what_they_point_to_are_not_repeated() {
    let folder = TempDir::new().unwrap();
    let (file, short) = (folder.path().join("g.toml"), folder.path().join("short"));
    fs::write(&short, "zq7short").unwrap();
    fs::write(&file, "").unwrap();
    for url in ["https://user:zq7password@h", "https://h/?key=zq7key", "zq7://h", "https://h:zq7port"] {
        let output = groundwire(&["check", file.to_str().unwrap(), "--upstream", url], &[]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        silent(&output, url);
    }
    for source in ["env:TOO_SHORT", &format!("file:{}", short.display())] {
        fs::write(&file, format!("upstream = \"https://h\"\nidentity-key = \"{source}\"\n")).unwrap();
        let output = groundwire(&["check", file.to_str().unwrap()], &[("TOO_SHORT", "zq7short")]);
        assert_eq!(output.status.code(), Some(1), "{source}");
        silent(&output, source);
    }
}

#[test]
fn what_check_shows_of_a_good_file_holds_no_secret() {
    let folder = TempDir::new().unwrap();
    let (file, key) = (folder.path().join("g.toml"), folder.path().join("key"));
    fs::write(&key, "zq7-0123456789abcdef0123456789abcdef").unwrap();
    fs::write(&file, format!("upstream = \"https://h\"\nidentity-key = \"file:{}\"\n", key.display())).unwrap();
    let output = groundwire(&["check", file.to_str().unwrap()], &[]);
    assert!(output.status.success());
    silent(&output, "a file");
    let good = "upstream = \"https://h\"\nidentity-key = \"env:IDENTITY_KEY\"\nupstream-key = \"env:IDENTITY_KEY\"\n\
                upstream-proxy = \"http://name:zq7password@proxy.example\"\n";
    fs::write(&file, good).unwrap();
    let secret = "zq7-0123456789abcdef0123456789abcdef";
    let output = groundwire(&["check", file.to_str().unwrap()], &[("IDENTITY_KEY", secret)]);
    assert!(output.status.success());
    silent(&output, "the environment");
}

/// Variables that are wrong, beside the secret that stands in them.
const WRONG_VARIABLES: [(&str, &str); 9] = [
    ("GROUNDWIRE_UPSTREAM", "https://user:zq7password@api.example"),
    ("GROUNDWIRE_UPSTREAM", "https://api.example/v1?key=zq7key"),
    ("GROUNDWIRE_IDENTITY_KEY", "zq7secret-without-a-scheme"),
    ("GROUNDWIRE_UPSTREAM_KEY", "zq7bare"),
    ("GROUNDWIRE_UPSTREAM_PROXY", "http://u:zq7password@["),
    ("GROUNDWIRE_UPSTREAM_PROXY", "socks9://u:zq7password@h"),
    ("GROUNDWIRE_LOG__ACCES", "zq7misspelt"),
    ("GROUNDWIRE_UPSTREAM_KEYS", "zq7misspelt"),
    ("GROUNDWIRE_UPSTREAMS", "[{ prefix = \"/a\", url = \"https://h\", key = \"zq7bare\" }]"),
];

#[test]
fn a_wrong_variable_is_blamed_without_its_secret() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("g.toml");
    fs::write(&file, "upstream = \"https://h\"\n").unwrap();
    for variable in WRONG_VARIABLES {
        let output = groundwire(&["check", file.to_str().unwrap()], &[variable]);
        assert_eq!(output.status.code(), Some(1), "{variable:?}");
        let blamed = String::from_utf8_lossy(&output.stderr).contains(variable.0);
        assert!(blamed, "{variable:?}: {}", String::from_utf8_lossy(&output.stderr));
        silent(&output, variable.0);
    }
}

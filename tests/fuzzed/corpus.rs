//! What requests are made of: those that clients were recorded to send.

use std::fs;
use std::path::Path;

use groundwire::wire::Dialect;
use http::{Method, Uri};

/// A recorded request for a chat call.
pub(crate) struct Seed {
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

/// All of a dialect, in the order of their names. Long ones are left to other tests: they would be most of the work.
pub(crate) fn of(dialect: Dialect) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire").join(dialect.as_str()).join("recorded");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<_> = paths.iter().filter_map(|path| seed(dialect, &fs::read(path).unwrap())).collect();
    assert!(seeds.len() >= 20, "{dialect} has {} seeds", seeds.len());
    seeds
}

fn seed(dialect: Dialect, file: &[u8]) -> Option<Seed> {
    let split = file.windows(2).position(|two| two == b"\n\n").expect("a head ends in an empty line");
    let head = std::str::from_utf8(&file[..split]).unwrap();
    let (method, target) = head.lines().next().unwrap().split_once(' ').expect("a request line");
    let body = &file[split + 2..];
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let chat = Dialect::recognise(&method, &target.parse::<Uri>().unwrap()) == Some(dialect);
    (chat && body.len() < 6000).then(|| Seed { target: target.to_owned(), body: body.to_vec() })
}

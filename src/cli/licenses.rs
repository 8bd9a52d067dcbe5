//! `groundwire licenses`: the licences of what is inside this binary.

use std::io::{Write, stdout};

use super::Failure;

const MIT: &str = include_str!("../../LICENSE-MIT");
const APACHE: &str = include_str!("../../LICENSE-APACHE");

/// The texts of ONNX Runtime's that go wherever its library goes. They are 1.4 % of its size, and not worth packing.
#[cfg(feature = "bundled")]
const RUNTIME: [(&str, &str); 2] = [
    ("ONNX Runtime 1.28.0", include_str!(concat!(env!("OUT_DIR"), "/onnxruntime.LICENSE"))),
    (
        "ONNX Runtime 1.28.0: notices of third parties",
        include_str!(concat!(env!("OUT_DIR"), "/onnxruntime.ThirdPartyNotices.txt")),
    ),
];
#[cfg(not(feature = "bundled"))]
const RUNTIME: [(&str, &str); 1] =
    [("ONNX Runtime", "It is not in this binary; the copy that is installed comes with texts of its own.\n")];

/// Written by `tests/licences.py`, which fails in the gate where it is not what is linked.
const CRATES: &str = include_str!("crates.txt");

const MODEL: &str = "The built-in model was trained from all-MiniLM-L6-v2 (Apache License 2.0, whose text is above), and is licensed as \
                     groundwire is.\n";

/// Print the licences of groundwire and of what is built into it
#[derive(clap::Args)]
#[command(after_help = "Example:\n  groundwire licenses | less")]
pub(super) struct Licenses {}

impl Licenses {
    pub(super) fn run(self) -> Result<(), Failure> {
        let own =
            [("groundwire: MIT", MIT), ("groundwire: or Apache-2.0, at your choice", APACHE), ("The model", MODEL)];
        let mut out = stdout().lock();
        for (title, text) in own.into_iter().chain(RUNTIME).chain([("Rust crates", CRATES)]) {
            // Some of the texts come with a mark of their encoding, and with carriage returns.
            let text = text.trim_start_matches('\u{feff}').replace('\r', "");
            writeln!(out, "{}\n{title}\n{0}\n\n{}\n", "=".repeat(title.len()), text.trim_end())?;
        }
        Ok(())
    }
}

//! A configuration is taken, and can then be written out, or it is refused in words.

#![no_main]

use groundwire::config::{Config, Overrides};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // It reads no file: a key that names one is read with the file.
    match Config::from_toml(text, "fuzz.toml", &Overrides::default()) {
        Ok(config) => {
            config.to_toml().expect("a configuration can be written");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

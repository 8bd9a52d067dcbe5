//! Writing text as the inside of a JSON string.

use std::fmt::{self, Write};

/// Displays a text as a JSON string, quotes included.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        escape(self.0, f)?;
        f.write_char('"')
    }
}

/// The inside of a JSON string that says `text`, so that it can be put inside one that is there already.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    // Writing to a `String` cannot fail.
    let _ = escape(text, &mut out);
    out
}

/// Escapes what RFC 8259, section 7, says must be escaped: quotes, backslashes and control characters. Everything else
/// stays as the UTF-8 it is.
fn escape(text: &str, out: &mut impl Write) -> fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            8 => "\\b",
            12 => "\\f",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1F => "",
            _ => continue,
        };
        out.write_str(&text[plain..at])?;
        plain = at + 1;
        if short.is_empty() {
            write!(out, "\\u{byte:04x}")?;
        } else {
            out.write_str(short)?;
        }
    }
    out.write_str(&text[plain..])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_control_character_is_escaped() {
        let text: String = (0u8..=0x7f).map(char::from).collect();
        let quoted = Quoted(&text).to_string();
        assert!(quoted.bytes().all(|byte| byte >= 0x20));
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    }

    proptest! {
        #[test]
        fn serde_reads_back_what_was_written(text in any::<String>()) {
            prop_assert_eq!(&serde_json::from_str::<String>(&Quoted(&text).to_string()).unwrap(), &text);
            prop_assert_eq!(format!("\"{}\"", escaped(&text)), Quoted(&text).to_string());
        }
    }
}

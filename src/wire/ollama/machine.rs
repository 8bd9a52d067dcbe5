//! Telling calls that a machine makes for a machine, by what they ask of the form of the answer.

use crate::dialogue::{Bypass, Role};
use crate::wire::call::{AnswerForm, Machine};
use crate::wire::span::{Malformed, field, given, number};
use crate::wire::value::is_probe;

/// What a call asks of the form of its answer.
#[derive(Default)]
pub(super) struct Wishes<'a> {
    format: Option<&'a [u8]>,
    options: Option<&'a [u8]>,
    logprobs: Option<&'a [u8]>,
    top_logprobs: Option<&'a [u8]>,
    raw: Option<&'a [u8]>,
    suffix: Option<&'a [u8]>,
    sizes: [Option<&'a [u8]>; SIZES.len()],
}

/// Keys of calls for a picture.
const SIZES: [&[u8]; 3] = [b"width", b"height", b"steps"];

impl<'a> Wishes<'a> {
    pub(super) fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match key {
            b"format" => Some(&mut self.format),
            b"options" => Some(&mut self.options),
            b"logprobs" => Some(&mut self.logprobs),
            b"top_logprobs" => Some(&mut self.top_logprobs),
            b"raw" => Some(&mut self.raw),
            b"suffix" => Some(&mut self.suffix),
            _ => {
                let at = SIZES.iter().position(|size| *size == key)?;
                self.sizes.get_mut(at)
            }
        }
    }
}

/// Why this call looks machine-made, given who speaks last; `None` where a person may well wait for the answer.
///
/// Each wish has few forms that a person's chat uses, and those are listed; any other form, known today or not, counts.
pub(super) fn reason(wishes: &Wishes<'_>, form: AnswerForm, last: Option<Role>) -> Result<Option<Machine>, Malformed> {
    match last {
        Some(Role::Tool) => return Ok(Some(Machine::new(Bypass::ToolResult, "tool_result"))),
        Some(Role::Assistant) => return Ok(Some(Machine::new(Bypass::Machine, "assistant_prefill"))),
        Some(Role::System) => return Ok(Some(Machine::new(Bypass::Machine, "system_last"))),
        Some(Role::User) | None => {}
    }
    let predict = given(wishes.options).map(|options| field(options, b"num_predict")).transpose()?.flatten();
    // Keys of `/api/generate` mean nothing to `/api/chat`.
    let [raw, suffix, width, height, steps] =
        [wishes.raw, wishes.suffix, wishes.sizes[0], wishes.sizes[1], wishes.sizes[2]]
            .map(|value| value.filter(|_| form == AnswerForm::Completion));
    let room = |value: &[u8]| !is_probe(value);
    let none = |value: &[u8]| number(value) == Some(0.0);
    let off = |value: &[u8]| value == b"false";
    let empty = |value: &[u8]| value == b"\"\"";
    for (bypass, sign, value, plain) in [
        // Agents probe with one token; less than none is no limit.
        (Bypass::InternalCall, "probe", predict, room as fn(&[u8]) -> bool),
        (Bypass::StructuredOutput, "format", wishes.format, empty),
        (Bypass::Machine, "logprobs", wishes.logprobs, off),
        (Bypass::Machine, "logprobs", wishes.top_logprobs, none),
        // The client has applied the model's template itself, with whatever was said before.
        (Bypass::Machine, "raw", raw, off),
        // Text to be filled in before this one.
        (Bypass::Machine, "suffix", suffix, empty),
        (Bypass::Machine, "image", width, none),
        (Bypass::Machine, "image", height, none),
        (Bypass::Machine, "image", steps, none),
    ] {
        if given(value).is_some_and(|value| !plain(value)) {
            return Ok(Some(Machine::new(bypass, sign)));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::wire::Dialect;

    fn signs(said: &str, extra: &str) -> Result<Option<(Bypass, &'static str)>, Bypass> {
        let body = format!(r#"{{"model":"m",{said}{extra}}}"#);
        let call = Dialect::Ollama.read(body.as_bytes())?;
        Ok(call.machine.map(|machine| (machine.bypass, machine.sign)))
    }

    const CHAT: &str = r#""messages":[{"role":"user","content":"hi"}]"#;
    const GENERATE: &str = r#""prompt":"hi""#;

    #[test]
    fn a_person_may_be_waiting() {
        for extra in [
            "",
            r#","format":"","options":null,"keep_alive":"5m","think":true"#,
            r#","format":null,"options":{"num_predict":-1,"temperature":0}"#,
            r#","options":{"num_predict":128},"logprobs":false,"top_logprobs":0"#,
            r#","raw":false,"suffix":"","width":0"#,
            r#","raw":null,"suffix":null,"template":"{{ .Prompt }}""#,
        ] {
            for said in [CHAT, GENERATE] {
                assert_eq!(signs(said, extra), Ok(None), "{extra}");
            }
        }
    }

    #[test]
    fn a_machine_is_waiting() {
        for (extra, bypass, sign) in [
            (r#","format":"json""#, Bypass::StructuredOutput, "format"),
            (r#","format":{"type":"object"}"#, Bypass::StructuredOutput, "format"),
            (r#","options":{"num_predict":1}"#, Bypass::InternalCall, "probe"),
            (r#","options":{"num_predict":0}"#, Bypass::InternalCall, "probe"),
            (r#","logprobs":true"#, Bypass::Machine, "logprobs"),
            (r#","top_logprobs":2"#, Bypass::Machine, "logprobs"),
        ] {
            for said in [CHAT, GENERATE] {
                assert_eq!(signs(said, extra), Ok(Some((bypass, sign))), "{extra}");
            }
        }
        for (extra, sign) in [
            (r#","raw":true"#, "raw"),
            (r#","suffix":"return x""#, "suffix"),
            (r#","width":512,"height":512"#, "image"),
            (r#","steps":4"#, "image"),
        ] {
            assert_eq!(signs(GENERATE, extra), Ok(Some((Bypass::Machine, sign))), "{extra}");
            assert_eq!(signs(CHAT, extra), Ok(None), "{extra}");
        }
    }

    #[test]
    fn somebody_else_spoke_last() {
        for (message, bypass, sign) in [
            (r#"{"role":"assistant","content":"{"}"#, Bypass::Machine, "assistant_prefill"),
            (r#"{"role":"tool","tool_name":"f","content":"42"}"#, Bypass::ToolResult, "tool_result"),
            (r#"{"role":"system","content":"Title this."}"#, Bypass::Machine, "system_last"),
        ] {
            let said = format!(r#""messages":[{{"role":"user","content":"hi"}},{message}]"#);
            assert_eq!(signs(&said, ""), Ok(Some((bypass, sign))), "{message}");
        }
    }

    #[test]
    fn options_of_no_known_shape_are_malformed() {
        for extra in
            [r#","options":[]"#, r#","options":{"num_predict":1,"num_predict":2}"#, r#","raw":false,"raw":true"#]
        {
            assert_eq!(signs(GENERATE, extra), Err(Bypass::Malformed), "{extra}");
        }
    }
}

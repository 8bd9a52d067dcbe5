//! Telling calls that a machine makes for a machine: a question in return would break the program that reads the answer.

use crate::dialogue::{Bypass, Role};
use crate::wire::call::Machine;
use crate::wire::span::{Cursor, Kind, Malformed, field, given, number, word};
use crate::wire::value::{CONSTRAINTS, constrains, is_probe};

/// What a call asks of the form of its answer.
#[derive(Default)]
pub(super) struct Wishes<'a> {
    response_format: Option<&'a [u8]>,
    tool_choice: Option<&'a [u8]>,
    function_call: Option<&'a [u8]>,
    n: Option<&'a [u8]>,
    logprobs: Option<&'a [u8]>,
    top_logprobs: Option<&'a [u8]>,
    modalities: Option<&'a [u8]>,
    prediction: Option<&'a [u8]>,
    max_tokens: Option<&'a [u8]>,
    max_completion_tokens: Option<&'a [u8]>,
    constraints: [Option<&'a [u8]>; CONSTRAINTS.len()],
}

impl<'a> Wishes<'a> {
    pub(super) fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        match key {
            b"response_format" => Some(&mut self.response_format),
            b"tool_choice" => Some(&mut self.tool_choice),
            b"function_call" => Some(&mut self.function_call),
            b"n" => Some(&mut self.n),
            b"logprobs" => Some(&mut self.logprobs),
            b"top_logprobs" => Some(&mut self.top_logprobs),
            b"modalities" => Some(&mut self.modalities),
            b"prediction" => Some(&mut self.prediction),
            b"max_tokens" => Some(&mut self.max_tokens),
            b"max_completion_tokens" => Some(&mut self.max_completion_tokens),
            _ => {
                let at = CONSTRAINTS.iter().position(|constraint| constraint.as_bytes() == key)?;
                self.constraints.get_mut(at)
            }
        }
    }
}

/// Why this call looks machine-made, given who speaks last; `None` where a person may well wait for the answer.
///
/// Each wish has few forms that a person's chat uses, and those are listed; any other form, known today or not, counts.
pub(super) fn reason(wishes: &Wishes<'_>, last: Option<Role>) -> Result<Option<Machine>, Malformed> {
    match last {
        Some(Role::Tool) => return Ok(Some(Machine::new(Bypass::ToolResult, "tool_result"))),
        Some(Role::Assistant) => return Ok(Some(Machine::new(Bypass::Machine, "assistant_prefill"))),
        Some(Role::System) => return Ok(Some(Machine::new(Bypass::Machine, "system_last"))),
        Some(Role::User) | None => {}
    }
    if wishes.constraints.iter().filter_map(|constraint| given(*constraint)).any(constrains) {
        return Ok(Some(Machine::new(Bypass::StructuredOutput, "constrained_output")));
    }
    let room = |value: &[u8]| Ok(!is_probe(value));
    for (bypass, sign, value, plain) in [
        // Agents probe quotas with one token.
        (Bypass::InternalCall, "probe", wishes.max_tokens, room as fn(&[u8]) -> _),
        (Bypass::InternalCall, "probe", wishes.max_completion_tokens, room),
        (Bypass::StructuredOutput, "response_format", wishes.response_format, is_plain_format),
        (Bypass::ForcedTools, "tool_choice", wishes.tool_choice, is_free_choice),
        (Bypass::ForcedTools, "function_call", wishes.function_call, is_free_choice),
        (Bypass::Machine, "n", wishes.n, |value| Ok(number(value).is_some_and(|n| n <= 1.0))),
        (Bypass::Machine, "logprobs", wishes.logprobs, |value| Ok(value == b"false")),
        (Bypass::Machine, "logprobs", wishes.top_logprobs, |value| Ok(number(value) == Some(0.0))),
        (Bypass::Machine, "audio", wishes.modalities, is_text_only),
        (Bypass::Machine, "prediction", wishes.prediction, |_| Ok(false)),
    ] {
        if let Some(value) = given(value)
            && !plain(value)?
        {
            return Ok(Some(Machine::new(bypass, sign)));
        }
    }
    Ok(None)
}

fn is_plain_format(value: &[u8]) -> Result<bool, Malformed> {
    Ok(field(value, b"type")?.is_some_and(|kind| *word(kind) == *b"text"))
}

/// `auto` and `none` leave the model room to ask; so does a list of allowed tools whose mode is `auto`.
fn is_free_choice(value: &[u8]) -> Result<bool, Malformed> {
    let choice = match Cursor::new(value).kind()? {
        Kind::Object => match field(value, b"allowed_tools")? {
            Some(allowed) => field(allowed, b"mode")?.unwrap_or_default(),
            None => return Ok(false),
        },
        _ => value,
    };
    Ok(matches!(&*word(choice), b"auto" | b"none"))
}

fn is_text_only(value: &[u8]) -> Result<bool, Malformed> {
    let mut only = true;
    Cursor::new(value).array(|cursor| {
        only &= *word(cursor.skip()?) == *b"text";
        Ok(())
    })?;
    Ok(only)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use crate::dialogue::Bypass;
    use crate::wire::Dialect;

    fn machine(message: &str, extra: &str) -> Result<Option<&'static str>, Bypass> {
        let body = format!(r#"{{"messages":[{{"role":"user","content":"hi"}}{message}]{extra}}}"#);
        Dialect::OpenAiChat.read(body.as_bytes()).map(|call| call.machine.map(|machine| machine.sign))
    }

    #[test]
    fn a_person_may_be_waiting() {
        for extra in [
            "",
            r#","response_format":{"type":"text"}"#,
            r#","response_format":null"#,
            r#","tools":[{"type":"function"}],"tool_choice":"auto""#,
            r#","tool_choice":"none""#,
            r#","tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[]}}"#,
            r#","functions":[{"name":"f"}],"function_call":"auto""#,
            r#","function_call":"none""#,
            r#","max_tokens":2,"max_completion_tokens":null,"grammar":"","json_schema":{}"#,
            r#","max_tokens":-1"#,
            r#","n":1"#,
            r#","n":null"#,
            r#","logprobs":false,"top_logprobs":null"#,
            r#","top_logprobs":0"#,
            r#","modalities":["text"]"#,
            r#","prediction":null"#,
            r#","store":true,"service_tier":"flex","audio":{"voice":"alloy","format":"mp3"}"#,
        ] {
            assert_eq!(machine("", extra), Ok(None), "{extra}");
        }
    }

    #[test]
    fn a_machine_is_waiting() {
        for (extra, reason) in [
            (r#","response_format":{"type":"json_object"}"#, "response_format"),
            (r#","response_format":{"json_schema":{"name":"x"},"type":"json_schema"}"#, "response_format"),
            (r#","response_format":{"type":"not yet invented"}"#, "response_format"),
            (r#","response_format":{}"#, "response_format"),
            (r#","grammar":"root ::= \"yes\" | \"no\"""#, "constrained_output"),
            (r#","json_schema":{"type":"object"}"#, "constrained_output"),
            (r#","guided_json":{"type":"object"}"#, "constrained_output"),
            (r#","guided_choice":["a","b"]"#, "constrained_output"),
            (r#","max_tokens":1"#, "probe"),
            (r#","max_completion_tokens":1"#, "probe"),
            (r#","tool_choice":"required""#, "tool_choice"),
            (r#","tool_choice":"any""#, "tool_choice"),
            (r#","tool_choice":{"type":"function","function":{"name":"f"}}"#, "tool_choice"),
            (r#","tool_choice":{"type":"custom","custom":{"name":"f"}}"#, "tool_choice"),
            (r#","tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required"}}"#, "tool_choice"),
            (r#","tool_choice":{"type":"allowed_tools","allowed_tools":{}}"#, "tool_choice"),
            (r#","function_call":{"name":"f"}"#, "function_call"),
            (r#","n":2"#, "n"),
            (r#","n":"2""#, "n"),
            (r#","logprobs":true"#, "logprobs"),
            (r#","logprobs":5"#, "logprobs"),
            (r#","top_logprobs":3"#, "logprobs"),
            (r#","modalities":["text","audio"]"#, "audio"),
            (r#","prediction":{"type":"content","content":"x"}"#, "prediction"),
        ] {
            assert_eq!(machine("", extra), Ok(Some(reason)), "{extra}");
        }
    }

    #[test]
    fn somebody_else_spoke_last() {
        for (message, reason) in [
            (r#",{"role":"assistant","content":"{"}"#, "assistant_prefill"),
            (r#",{"role":"tool","tool_call_id":"1","content":"42"}"#, "tool_result"),
            (r#",{"role":"function","name":"f","content":"42"}"#, "tool_result"),
            (r#",{"role":"system","content":"Title this."}"#, "system_last"),
        ] {
            assert_eq!(machine(message, ""), Ok(Some(reason)), "{message}");
        }
    }

    #[test]
    fn wishes_of_no_known_shape_are_malformed() {
        for extra in [
            r#","response_format":"json""#,
            r#","response_format":{"type":"text","type":"json_object"}"#,
            r#","modalities":"audio""#,
            r#","n":1,"n":2"#,
            r#","tool_choice":null,"tool_choice":"auto""#,
        ] {
            assert_eq!(machine("", extra), Err(Bypass::Malformed), "{extra}");
        }
    }
}

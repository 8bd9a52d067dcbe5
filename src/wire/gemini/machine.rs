//! Telling calls that a machine makes for a machine, by what they ask of the form of the answer.

use crate::dialogue::{Bypass, Role};
use crate::wire::call::Machine;
use crate::wire::span::{Cursor, Kind, Malformed, field, given, number, once, word};
use crate::wire::value::is_probe;

/// What of `generationConfig` tells; each goes by two names.
#[derive(Default)]
struct Wishes<'a> {
    media_type: Option<&'a [u8]>,
    schema: Option<&'a [u8]>,
    json_schema: Option<&'a [u8]>,
    private_json_schema: Option<&'a [u8]>,
    format: Option<&'a [u8]>,
    modalities: Option<&'a [u8]>,
    candidates: Option<&'a [u8]>,
    logprobs: Option<&'a [u8]>,
    top_logprobs: Option<&'a [u8]>,
    max_tokens: Option<&'a [u8]>,
    continuation: Option<&'a [u8]>,
}

impl<'a> Wishes<'a> {
    fn read(config: &'a [u8]) -> Result<Self, Malformed> {
        let mut wishes = Self::default();
        Cursor::new(config).object(|key, cursor| {
            let value = cursor.skip()?;
            match wishes.slot(key) {
                Some(slot) => once(slot, value),
                None => Ok(()),
            }
        })?;
        Ok(wishes)
    }

    fn slot(&mut self, key: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        Some(match key {
            b"responseMimeType" | b"response_mime_type" => &mut self.media_type,
            b"responseSchema" | b"response_schema" => &mut self.schema,
            b"responseJsonSchema" | b"response_json_schema" => &mut self.json_schema,
            // How the field was called before it was public.
            b"_responseJsonSchema" => &mut self.private_json_schema,
            b"responseFormat" | b"response_format" => &mut self.format,
            b"responseModalities" | b"response_modalities" => &mut self.modalities,
            b"candidateCount" | b"candidate_count" => &mut self.candidates,
            b"responseLogprobs" | b"response_logprobs" => &mut self.logprobs,
            b"logprobs" => &mut self.top_logprobs,
            b"maxOutputTokens" | b"max_output_tokens" => &mut self.max_tokens,
            b"continuationToken" | b"continuation_token" => &mut self.continuation,
            _ => return None,
        })
    }
}

/// Why this call looks machine-made, given who speaks last; `None` where a person may well wait for the answer.
///
/// Each wish has few forms that a person's chat uses, and those are listed; any other form, known today or not, counts.
pub(super) fn reason(
    config: Option<&[u8]>,
    tool_config: Option<&[u8]>,
    last: Option<Role>,
) -> Result<Option<Machine>, Malformed> {
    match last {
        Some(Role::Tool) => return Ok(Some(Machine::new(Bypass::ToolResult, "tool_result"))),
        Some(Role::Assistant) => return Ok(Some(Machine::new(Bypass::Machine, "assistant_prefill"))),
        Some(Role::System) => return Ok(Some(Machine::new(Bypass::Machine, "system_last"))),
        Some(Role::User) | None => {}
    }
    let wishes = config.map(Wishes::read).transpose()?.unwrap_or_default();
    let mode = tool_config.map(mode).transpose()?.flatten();
    let never = |_: &[u8]| Ok(false);
    for (bypass, sign, value, plain) in [
        // Agents probe quotas with one token.
        (Bypass::InternalCall, "probe", wishes.max_tokens, has_room as fn(&[u8]) -> _),
        (Bypass::StructuredOutput, "responseSchema", wishes.schema, never),
        (Bypass::StructuredOutput, "responseJsonSchema", wishes.json_schema.or(wishes.private_json_schema), never),
        (Bypass::StructuredOutput, "responseMimeType", wishes.media_type, is_plain_text),
        (Bypass::StructuredOutput, "responseFormat", wishes.format, |value| Ok(value == b"[]")),
        (Bypass::ForcedTools, "functionCallingConfig", mode, is_free_mode),
        (Bypass::Machine, "candidateCount", wishes.candidates, |value| Ok(number(value).is_some_and(|n| n <= 1.0))),
        (Bypass::Machine, "responseLogprobs", wishes.logprobs, |value| Ok(value == b"false")),
        (Bypass::Machine, "logprobs", wishes.top_logprobs, |value| Ok(number(value) == Some(0.0))),
        (Bypass::Machine, "responseModalities", wishes.modalities, is_text_only),
        (Bypass::Machine, "continuationToken", wishes.continuation, |value| Ok(value == b"\"\"")),
    ] {
        if let Some(value) = given(value)
            && !plain(value)?
        {
            return Ok(Some(Machine::new(bypass, sign)));
        }
    }
    Ok(None)
}

/// The mode of function calling that a `toolConfig` asks for.
fn mode(tool_config: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let either = |value, name, other| Ok::<_, Malformed>(field(value, name)?.or(field(value, other)?));
    let Some(calling) = either(tool_config, b"functionCallingConfig", b"function_calling_config")? else {
        return Ok(None);
    };
    field(calling, b"mode")
}

fn has_room(value: &[u8]) -> Result<bool, Malformed> {
    // Numbers of 64 bits may stand in quotes.
    let bare = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
    Ok(!is_probe(bare))
}

fn is_plain_text(value: &[u8]) -> Result<bool, Malformed> {
    Ok(matches!(&*word(value), b"" | b"text/plain"))
}

/// `AUTO`, `NONE` and `VALIDATED` leave the model room to ask; enums may also be given by their numbers.
fn is_free_mode(value: &[u8]) -> Result<bool, Malformed> {
    let free: [&[u8]; 4] = [b"AUTO", b"NONE", b"VALIDATED", b"MODE_UNSPECIFIED"];
    Ok(match Cursor::new(value).kind()? {
        Kind::String => free.iter().any(|mode| word(value).eq_ignore_ascii_case(mode)),
        _ => matches!(value, b"0" | b"1" | b"3"),
    })
}

fn is_text_only(value: &[u8]) -> Result<bool, Malformed> {
    let mut only = true;
    Cursor::new(value).array(|cursor| {
        only &= word(cursor.skip()?).eq_ignore_ascii_case(b"TEXT");
        Ok(())
    })?;
    Ok(only)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::wire::Dialect;

    fn signs(extra: &str) -> Result<Option<(Bypass, &'static str)>, Bypass> {
        let body = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"hi"}}]}}]{extra}}}"#);
        let call = Dialect::Gemini.read(body.as_bytes())?;
        Ok(call.machine.map(|machine| (machine.bypass, machine.sign)))
    }

    #[test]
    fn a_person_may_be_waiting() {
        for extra in [
            "",
            r#","generationConfig":null,"toolConfig":null"#,
            r#","generationConfig":{"responseMimeType":"text/plain","candidateCount":1,"responseLogprobs":false}"#,
            r#","generation_config":{"response_modalities":["TEXT"],"max_output_tokens":2,"temperature":0}"#,
            r#","generationConfig":{"responseModalities":["text"],"responseSchema":null,"maxOutputTokens":"800"}"#,
            r#","generationConfig":{"thinkingConfig":{"thinkingBudget":0},"speechConfig":{}}"#,
            r#","toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}"#,
            r#","tool_config":{"function_calling_config":{"mode":"none"}}"#,
            r#","toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"},"retrievalConfig":{}}"#,
            r#","toolConfig":{"functionCallingConfig":{"mode":1}}"#,
        ] {
            assert_eq!(signs(extra), Ok(None), "{extra}");
        }
    }

    #[test]
    fn a_machine_is_waiting() {
        use Bypass::{ForcedTools, InternalCall, StructuredOutput};
        for (config, bypass, sign) in [
            (r#""responseMimeType":"application/json""#, StructuredOutput, "responseMimeType"),
            (r#""response_mime_type":"text/x.enum""#, StructuredOutput, "responseMimeType"),
            (r#""responseSchema":{"type":"OBJECT"}"#, StructuredOutput, "responseSchema"),
            (
                r#""responseMimeType":"application/json","responseJsonSchema":{}"#,
                StructuredOutput,
                "responseJsonSchema",
            ),
            (r#""_responseJsonSchema":{}"#, StructuredOutput, "responseJsonSchema"),
            (r#""responseFormat":[{}]"#, StructuredOutput, "responseFormat"),
            (r#""candidateCount":2"#, Bypass::Machine, "candidateCount"),
            (r#""responseLogprobs":true"#, Bypass::Machine, "responseLogprobs"),
            (r#""logprobs":3"#, Bypass::Machine, "logprobs"),
            (r#""responseModalities":["TEXT","IMAGE"]"#, Bypass::Machine, "responseModalities"),
            (r#""response_modalities":["AUDIO"]"#, Bypass::Machine, "responseModalities"),
            (r#""maxOutputTokens":1"#, InternalCall, "probe"),
            (r#""max_output_tokens":"1""#, InternalCall, "probe"),
            (r#""continuationToken":"abc""#, Bypass::Machine, "continuationToken"),
        ] {
            let extra = format!(r#","generationConfig":{{{config}}}"#);
            assert_eq!(signs(&extra), Ok(Some((bypass, sign))), "{extra}");
        }
        for mode in [r#""ANY""#, r#""any""#, "2", r#""INVENTED""#] {
            let extra = format!(r#","tool_config":{{"functionCallingConfig":{{"mode":{mode}}}}}"#);
            assert_eq!(signs(&extra), Ok(Some((ForcedTools, "functionCallingConfig"))), "{extra}");
        }
    }

    #[test]
    fn wishes_of_no_known_shape_are_malformed() {
        for extra in [
            r#","generationConfig":[]"#,
            r#","generationConfig":{"candidateCount":1,"candidate_count":2}"#,
            r#","generationConfig":{},"generation_config":{}"#,
            r#","generationConfig":{"responseModalities":"TEXT"}"#,
            r#","toolConfig":{"functionCallingConfig":"ANY"}"#,
            r#","tools":"x""#,
        ] {
            assert_eq!(signs(extra), Err(Bypass::Malformed), "{extra}");
        }
    }
}

//! Telling calls that a machine makes for a machine.

use super::item::is_structured;
use super::read::{Input, KEYS};
use crate::dialogue::{Bypass, Role};
use crate::wire::call::Machine;
use crate::wire::span::{Cursor, Kind, Malformed, field, number, word};
use crate::wire::value::{CONSTRAINTS, Members, boolean, constrains, is_probe};

/// Why this call looks machine-made; `None` where a person may well wait for the answer.
///
/// Each wish has few forms that a person's chat uses, and those are listed; any other form, known today or not, counts.
pub(super) fn reason(keys: &Members<'_, { KEYS.len() }>, input: &Input<'_>) -> Result<Option<Machine>, Malformed> {
    use Bypass::{ForcedTools, InternalCall, StructuredOutput, ToolResult};
    let prewarms = match keys.get("prompt_cache_options") {
        Some(options) => boolean(field(options, b"prewarm")?)?,
        None => false,
    };
    let tokens = |key: &str| keys.get(key).is_some_and(is_probe);
    let last = input.turns.last().map(|turn| turn.role);
    let signs = [
        (InternalCall, "compaction_trigger", input.compaction),
        (ToolResult, "tool_result", last == Some(Role::Tool)),
        (Bypass::Machine, "assistant_last", last == Some(Role::Assistant)),
        (Bypass::Machine, "system_last", last == Some(Role::System)),
        (Bypass::Machine, "background", keys.is_true("background")?),
        (InternalCall, "prewarm", prewarms),
        (InternalCall, "probe", tokens("max_output_tokens")),
        (StructuredOutput, "text.format", input.structured || is_structured(keys.get("text"))?),
        (StructuredOutput, "response_format", keys.get("response_format").is_some()),
        (StructuredOutput, "constrained_output", CONSTRAINTS.iter().filter_map(|key| keys.get(key)).any(constrains)),
        (ForcedTools, "tool_choice", !keys.get("tool_choice").map_or(Ok(true), is_free)?),
        (Bypass::Machine, "logprobs", keys.get("top_logprobs").is_some_and(|n| number(n) != Some(0.0))),
        (Bypass::Machine, "logprobs", keys.get("include").map_or(Ok(false), wants_logprobs)?),
    ];
    Ok(signs.into_iter().find(|(.., is_there)| *is_there).map(|(bypass, sign, _)| Machine::new(bypass, sign)))
}

/// `auto` and `none` leave the model room to ask; so does a list of allowed tools whose mode is `auto`.
fn is_free(choice: &[u8]) -> Result<bool, Malformed> {
    if Cursor::new(choice).kind()? != Kind::Object {
        return Ok(matches!(&*word(choice), b"auto" | b"none"));
    }
    let is = |name, wanted: &[u8]| Ok(field(choice, name)?.is_some_and(|value| *word(value) == *wanted));
    Ok(is(b"type", b"allowed_tools")? && is(b"mode", b"auto")?)
}

fn wants_logprobs(include: &[u8]) -> Result<bool, Malformed> {
    let mut wants = false;
    Cursor::new(include).array(|cursor| {
        wants |= word(cursor.skip()?).ends_with(b".logprobs");
        Ok(())
    })?;
    Ok(wants)
}

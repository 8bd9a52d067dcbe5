//! What joining needs of a row of turns.

use super::Fault;
use super::join::{Attempt, Thread, Usage};
use super::value::Cells;
use crate::dialogue::{Bypass, Id, UserAct};

/// The columns of [`attempt`], in its order.
pub(super) const ATTEMPT: &str = "attempt, time, turn, parent, conversation, conversation_source, arm, triggered, act, \
    delivery, bypass, held_back, status, ending, finish_reason, user_act, assistant_acts, prompt_tokens, \
    completion_tokens, cached_tokens, first_token_micros, total_micros, complied, leaked";

/// What a reply is called that waits for the results of tools, in the dialects that there are.
const TOOL_CALLS: [&str; 5] = ["tool_calls", "function_call", "tool_use", "pause_turn", "tool_call"];

/// Why a call was left alone that no user made: a record from before these were told apart has the first or the last.
const MACHINES: [&str; 7] = [
    Bypass::Machine.as_str(),
    Bypass::StructuredOutput.as_str(),
    Bypass::ForcedTools.as_str(),
    Bypass::ToolResult.as_str(),
    Bypass::InternalCall.as_str(),
    Bypass::WrapperOnly.as_str(),
    Bypass::NotHumanText.as_str(),
];

/// Reads the columns of [`ATTEMPT`].
pub(super) fn attempt(cells: &mut Cells<'_>) -> Result<Attempt, Fault> {
    let attempt = cells.id()?.unwrap_or_else(|| Id::at_millis(0, [0; 10]));
    let time = cells.count()?;
    let (turn, parent, conversation) = (cells.id()?, cells.id()?, cells.id()?);
    let explicit = matches!(cells.text()?, Some("header" | "body"));
    let arm = cells.text()?.unwrap_or_default().to_owned();
    let triggered = cells.flag()?;
    let (act, delivery) = (cells.text()?.unwrap_or_default(), cells.text()?.unwrap_or_default());
    let (bypass, held_back) = (cells.text()?, cells.text()?.is_some());
    let (status, ending, finish) = (cells.int()?, cells.text()?, cells.text()?);
    let user_act = cells.text()?.and_then(|act| act.parse::<UserAct>().ok());
    let acts = cells.text()?;
    let (prompt, completion, cached) = (cells.some_count()?, cells.some_count()?, cells.some_count()?);
    let first_token_micros = cells.some_count()?;
    let took = cells.some_count()?.unwrap_or(0);
    let (complied, leaked) = (cells.int()?.map(|flag| flag != 0), cells.int()?.map(|flag| flag != 0));
    let acted = act != "none" && delivery != "observe" && bypass.is_none();
    let asked = acted && matches!(act, "clarify" | "check");
    let seen = acts.map(|acts| acts.split(' ').any(|act| matches!(act, "clarification" | "understanding_check")));
    Ok(Attempt {
        attempt,
        time,
        ended: time.saturating_add(took / 1000),
        thread: turn.zip(conversation).map(|(turn, conversation)| Thread { turn, parent, conversation, explicit }),
        arm,
        triggered,
        complete: ending == Some("complete") && status.is_some_and(|status| (200..300).contains(&status)),
        machine: bypass.is_some_and(|bypass| MACHINES.contains(&bypass)),
        called_tools: finish.is_some_and(|finish| TOOL_CALLS.contains(&finish)),
        bypassed: bypass.is_some(),
        held_back,
        acted,
        asked,
        // Where the answer could not be read, it is taken to have done what it was told to do.
        question: seen.unwrap_or(asked && complied != Some(false)),
        user_act,
        usage: prompt.zip(completion).map(|(prompt, completion)| Usage { prompt, completion, cached }),
        first_token_micros,
        complied,
        leaked,
    })
}

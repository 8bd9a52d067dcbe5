//! Turns as rows: which column holds what.

use std::borrow::Cow;

use super::Fault;
use super::stored::{StoredJudgement, StoredNeed, StoredTurn, StoredUsage, Text};
use super::value::{Cells, Row, Value};
use crate::observe::SCHEMA;

/// The columns of `groundwire_turns`, in the order of [`values`] and [`turn`].
pub(super) const TURN: &str = "attempt, day, time, turn, parent, conversation, conversation_source, conversation_given, \
    unit, unit_source, experiment, version, arm, propensity, dialect, model, stream, need_proceed, need_assume, need_ask, judged_gap, user_act, \
    emotion, tokens, classifier, triggered, policy, config, act, delivery, gap, reason, bypass, held_back, request_id, \
    traceparent, request_bytes, added_bytes, read_micros, own_micros, judge_micros, total_micros, status, ending, \
    finish_reason, prompt_tokens, completion_tokens, cached_tokens, first_token_micros, response_bytes, assistant_acts, complied, leaked";

/// How many they are.
pub(super) const TURN_COLUMNS: usize = 53;

/// Appends the values of one row.
pub(super) fn values(turn: &StoredTurn, to: &mut Vec<Value>) {
    let text = |text: &Option<Text>| text.as_ref().map_or(Value::Null, Value::from);
    let judged = turn.judgement.as_ref();
    let usage = turn.usage.as_ref();
    to.extend([
        turn.attempt().into(),
        turn.day().into(),
        turn.time.into(),
        turn.turn.into(),
        turn.parent.into(),
        turn.conversation.into(),
        text(&turn.conversation_source),
        turn.conversation_given.into(),
        turn.unit.into(),
        text(&turn.unit_source),
        text(&turn.experiment),
        turn.experiment_version.into(),
        text(&turn.arm),
        turn.propensity.into(),
        (&turn.dialect).into(),
        text(&turn.model),
        turn.stream.into(),
        judged.map(|judged| judged.need.proceed).into(),
        judged.map(|judged| judged.need.assume).into(),
        judged.map(|judged| judged.need.ask).into(),
        judged.map(|judged| &judged.gap).into(),
        judged.map(|judged| &judged.user_act).into(),
        judged.map(|judged| judged.emotion).into(),
        judged.map(|judged| judged.tokens).into(),
        judged.map(|judged| &judged.model).into(),
        turn.triggered.into(),
        (&turn.policy).into(),
        (&turn.config).into(),
        (&turn.act).into(),
        (&turn.delivery).into(),
        text(&turn.gap),
        text(&turn.reason),
        text(&turn.bypass),
        text(&turn.held_back),
        text(&turn.request_id),
        text(&turn.traceparent),
        turn.request_bytes.into(),
        turn.added_bytes.into(),
        turn.read_micros.into(),
        turn.own_micros.into(),
        turn.judge_micros.into(),
        turn.total_micros.into(),
        turn.status.into(),
        (&turn.ending).into(),
        text(&turn.finish_reason),
        usage.map(|usage| usage.prompt_tokens).into(),
        usage.map(|usage| usage.completion_tokens).into(),
        usage.and_then(|usage| usage.cached_tokens).into(),
        turn.first_token_micros.into(),
        turn.response_bytes.into(),
        turn.assistant_acts.as_ref().map(|acts| acts.join(" ")).into(),
        turn.complied.into(),
        turn.leaked.into(),
    ]);
}

/// Reads one row back.
pub(super) fn turn(row: &dyn Row) -> Result<StoredTurn, Fault> {
    let mut cells = Cells::of(row);
    let attempt = cells.id()?;
    cells.whole()?; // The day, which the attempt knows.
    Ok(StoredTurn {
        schema: SCHEMA,
        attempt,
        time: cells.count()?,
        turn: cells.id()?,
        parent: cells.id()?,
        conversation: cells.id()?,
        conversation_source: some(&mut cells)?,
        conversation_given: cells.id()?,
        unit: cells.id()?,
        unit_source: some(&mut cells)?,
        experiment: some(&mut cells)?,
        experiment_version: cells.int()?,
        arm: some(&mut cells)?,
        propensity: cells.real()?,
        dialect: word(&mut cells)?,
        model: some(&mut cells)?,
        stream: cells.int()?.map(|flag| flag != 0),
        judgement: judgement(&mut cells)?,
        triggered: cells.flag()?,
        policy: word(&mut cells)?,
        config: word(&mut cells)?,
        act: word(&mut cells)?,
        delivery: word(&mut cells)?,
        gap: some(&mut cells)?,
        reason: some(&mut cells)?,
        bypass: some(&mut cells)?,
        held_back: some(&mut cells)?,
        request_id: some(&mut cells)?,
        traceparent: some(&mut cells)?,
        request_bytes: cells.count()?,
        added_bytes: cells.count()?,
        read_micros: cells.count()?,
        own_micros: cells.count()?,
        judge_micros: cells.count()?,
        total_micros: cells.some_count()?,
        status: cells.some_count()?,
        ending: word(&mut cells)?,
        finish_reason: some(&mut cells)?,
        usage: usage(&mut cells)?,
        first_token_micros: cells.some_count()?,
        response_bytes: cells.count()?,
        assistant_acts: cells.text()?.map(|acts| acts.split_whitespace().map(|act| act.to_owned().into()).collect()),
        complied: cells.int()?.map(|flag| flag != 0),
        leaked: cells.int()?.map(|flag| flag != 0),
    })
}

fn some(cells: &mut Cells<'_>) -> Result<Option<Text>, Fault> {
    Ok(cells.text()?.map(|text| Cow::Owned(text.to_owned())))
}

fn word(cells: &mut Cells<'_>) -> Result<Text, Fault> {
    Ok(some(cells)?.unwrap_or_default())
}

fn judgement(cells: &mut Cells<'_>) -> Result<Option<StoredJudgement>, Fault> {
    let (proceed, assume, ask) = (cells.real()?, cells.real()?, cells.real()?);
    let (gap, user_act, emotion) = (some(cells)?, some(cells)?, cells.real()?);
    let (tokens, model) = (cells.some_count()?, some(cells)?);
    Ok(proceed.zip(assume).zip(ask).map(|((proceed, assume), ask)| StoredJudgement {
        need: StoredNeed { proceed, assume, ask },
        gap: gap.unwrap_or_default(),
        user_act: user_act.unwrap_or_default(),
        emotion: emotion.unwrap_or_default() as f32,
        tokens: tokens.unwrap_or_default(),
        model: model.unwrap_or_default(),
    }))
}

fn usage(cells: &mut Cells<'_>) -> Result<Option<StoredUsage>, Fault> {
    let (prompt, completion, cached) = (cells.some_count()?, cells.some_count()?, cells.some_count()?);
    Ok(prompt.zip(completion).map(|(prompt_tokens, completion_tokens)| StoredUsage {
        prompt_tokens,
        completion_tokens,
        cached_tokens: cached,
    }))
}

//! A row for each turn and policy, as RFC 4180 has it.

use std::io::{self, Write};

use super::tally::Turn;
use crate::dialogue::Need::{Ask, Assume};

const HEAD: &str =
    "line,id,turn,need,ambiguity,underspecified,gap,user_act,emotion,left_alone,policy,act,delivery,about,reason";

/// Writes rows.
pub(super) struct Rows<W> {
    out: W,
    policies: Vec<String>,
    begun: bool,
}

impl<W: Write> Rows<W> {
    pub(super) fn new(out: W, policies: &[String]) -> Self {
        Self { out, policies: policies.to_vec(), begun: false }
    }

    /// The rows of one turn.
    pub(super) fn write(&mut self, turn: &Turn) -> io::Result<()> {
        self.begin()?;
        let record = turn.record.as_deref();
        let judged = record.and_then(|record| record.judgement.as_ref());
        let score = |of: Option<f32>| of.map_or(String::new(), |p| format!("{p:.5}"));
        let need = |need| judged.map(|judged| judged.need.get(need));
        for (i, policy) in self.policies.iter().enumerate() {
            let decision = turn.decisions.as_ref().and_then(|decisions| decisions.of.get(i));
            let about = decision.filter(|decision| !decision.is_none()).and_then(|decision| decision.gap);
            let fields = [
                turn.line.to_string(),
                turn.id.clone().unwrap_or_default(),
                turn.turn.to_string(),
                turn.need.map_or("", |need| need.as_str()).to_owned(),
                score(need(Ask)),
                score(need(Ask).zip(need(Assume)).map(|(ask, assume)| ask + assume)),
                judged.map_or("", |judged| judged.gap.as_str()).to_owned(),
                judged.map_or("", |judged| judged.user_act.as_str()).to_owned(),
                score(judged.map(|judged| judged.emotion)),
                turn.left_alone().unwrap_or_default().to_owned(),
                policy.clone(),
                decision.map_or("", |decision| decision.act.as_str()).to_owned(),
                decision.map_or("", |decision| decision.delivery.as_str()).to_owned(),
                about.map_or("", |gap| gap.as_str()).to_owned(),
                decision.map_or("", |decision| &*decision.reason).to_owned(),
            ];
            let row: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
            write!(self.out, "{}\r\n", row.join(","))?;
        }
        Ok(())
    }

    /// The last of them is written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.begin()?;
        self.out.flush()
    }

    fn begin(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            write!(self.out, "{HEAD}\r\n")?;
        }
        Ok(())
    }
}

fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_row_is_quoted() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, \"b\"\n"), "\"a, \"\"b\"\"\n\"");
    }
}

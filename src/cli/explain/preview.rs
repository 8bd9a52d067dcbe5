//! The wording of an act, for whoever wants to see it before any user does.

use std::io::{self, Write};

use crate::act::{instruction, question};
use crate::cli::paper::{DIM, PLAIN, Paper};
use crate::dialogue::{Gap, GroundingAct, Label};

/// How `act` is worded about `gap`, or about each one: what the upstream model is told, and what we would ask ourselves.
pub(super) fn show(out: &mut impl Write, act: GroundingAct, gap: Option<Gap>, width: usize) -> io::Result<()> {
    let mut paper = Paper::new(out, width);
    let gaps = gap.as_ref().map_or(Gap::ALL, std::slice::from_ref);
    let mut last = None;
    for &gap in gaps {
        let steer = instruction(act, gap, false);
        // Most acts are about no gap in particular.
        if steer.is_none() || last == steer {
            continue;
        }
        paper.name("about")?;
        paper.text(PLAIN, gap.as_str())?;
        for (name, forced) in [("steer", false), ("steer, force", true)] {
            let words = instruction(act, gap, forced).unwrap_or_default();
            if forced && Some(&words) == steer.as_ref() {
                continue;
            }
            paper.name(name)?;
            paper.text(PLAIN, words.trim())?;
        }
        if let Some(question) = question(gap).filter(|_| act == GroundingAct::Clarify) {
            paper.name("reply")?;
            paper.text(PLAIN, &question)?;
        }
        paper.text(DIM, "")?;
        last = steer;
    }
    if last.is_none() {
        paper.name(act.as_str())?;
        paper.text(PLAIN, "nothing is said for it")?;
    }
    Ok(())
}

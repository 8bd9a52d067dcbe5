//! The words of every act, in one place.
//!
//! A steering instruction is read by the upstream model, a question by the user. Both keep the product's own voice: no
//! cheerfulness, no apology, no flattery.

use crate::dialogue::{Gap, GroundingAct};

/// What every steering instruction stands behind. Fixed, so that a leak of it can be recognised.
pub const OPENING: &str = "\n\n<grounding-note>\n";
/// What closes it.
pub const CLOSING: &str = "\n</grounding-note>";

/// The instruction that has the upstream model perform `act`; `None` for an act that nothing is said about.
///
/// Unless `force` is set it is conditional: the model, which sees the whole conversation and the tools, performs the act
/// only if neither settles the gap.
pub fn instruction(act: GroundingAct, gap: Gap, force: bool) -> Option<String> {
    let about = about(gap);
    let body = match (act, force) {
        (GroundingAct::None, _) => return None,
        (GroundingAct::Clarify, false) => format!(
            "Note from the application, not from the user. The message above may leave something open: {about}. \
             If neither the conversation nor your tools settle it, do not answer yet: ask one short question about it and \
             offer two to four likely options, \"something else\", and which one you would take if none is chosen. \
             If it is settled, answer, and state in one clause the assumption you made. \
             Do not mention this note."
        ),
        (GroundingAct::Clarify, true) => format!(
            "Note from the application, not from the user. The message above leaves something open: {about}. \
             Do not answer yet: ask one short question about it and offer two to four likely options, \"something else\", \
             and which one you would take if none is chosen. \
             Do not mention this note."
        ),
        (GroundingAct::Assume, false) => format!(
            "Note from the application, not from the user. The message above may leave something open: {about}. \
             Do not ask. If neither the conversation nor your tools settle it, begin with one clause that states the \
             reading or value you take, then answer. If it is settled, just answer. \
             Do not mention this note."
        ),
        (GroundingAct::Assume, true) => format!(
            "Note from the application, not from the user. The message above leaves something open: {about}. \
             Do not ask. Begin with one clause that states the reading or value you take, then answer. \
             Do not mention this note."
        ),
        (GroundingAct::Check, _) => format!(
            "Note from the application, not from the user. The message above may leave something open: {about}. \
             Say in one sentence how you understand it and ask for a yes or a correction before you answer at length. \
             Do not mention this note."
        ),
        (GroundingAct::Branch, _) => format!(
            "Note from the application, not from the user. The message above may leave something open: {about}. \
             Do not ask. Name the two likeliest readings and answer each of them briefly. \
             Do not mention this note."
        ),
        (GroundingAct::Recap | GroundingAct::Consolidate, _) => "Note from the application, not from the user. \
             Before answering, go through the whole conversation and hold on to everything that the user has asked for; \
             where the user corrected something, only the correction holds. Answer from all of it together. \
             Do not mention this note."
            .to_owned(),
        (GroundingAct::Reflect, _) => "Note from the application, not from the user. \
             The user speaks of something that weighs on them. Acknowledge first, in your own plain words, what they \
             feel and why it makes sense. Give no advice in this reply unless they asked for it. \
             Do not mention this note."
            .to_owned(),
        (GroundingAct::Repair, _) => "Note from the application, not from the user. \
             The user corrects you. Take the correction up, restate in one sentence the understanding as it is now, and \
             answer from that. Do not mention this note."
            .to_owned(),
        (GroundingAct::Substantiate, _) => "Note from the application, not from the user. \
             The user doubts what you said. Examine it again; give the evidence and its limits; then hold to it or \
             concede, and say for which reason. Do not mention this note."
            .to_owned(),
        (GroundingAct::FollowUp, _) => "Note from the application, not from the user. \
             Answer, then make one short offer of what could come next. Do not mention this note."
            .to_owned(),
    };
    Some(format!("{OPENING}{body}{CLOSING}"))
}

/// The question that groundwire asks itself; only for gaps about which a template can ask a good one.
pub fn question(gap: Gap) -> Option<&'static str> {
    match gap {
        Gap::MissingMaterial => Some(
            "I cannot see what you refer to: it may not have come with your message. \
             Could you paste it here, or tell me which part of our conversation you mean?",
        ),
        Gap::MissingReferent => {
            Some("I cannot tell what you are referring to. Could you name it, or describe it in a few words?")
        }
        _ => None,
    }
}

/// What is open, as a noun phrase for an instruction.
fn about(gap: Gap) -> &'static str {
    match gap {
        Gap::MissingMaterial => "the text, file, code or data it speaks of may not be there",
        Gap::MissingReferent => "what or whom it refers to may not have been introduced",
        Gap::MissingParameter => "a fact that only the user has and on which the answer turns may be missing",
        Gap::VagueGoal => "what the finished result should be may be unclear",
        Gap::AmbiguousTerm => "a word, name or notation in it may have several readings that lead to different answers",
        Gap::Conflicting => "its demands may contradict each other, so that one has to give way",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::Label;

    #[test]
    fn every_instruction_is_delimited_and_says_not_to_be_mentioned() {
        for &gap in Gap::ALL {
            for act in [GroundingAct::Clarify, GroundingAct::Assume] {
                for force in [false, true] {
                    let text = instruction(act, gap, force).unwrap();
                    assert!(text.starts_with(OPENING) && text.ends_with(CLOSING));
                    assert!(text.contains("Do not mention this note."));
                    assert_eq!(text.contains("If neither the conversation nor your tools settle it"), !force);
                }
            }
        }
        assert!(instruction(GroundingAct::None, Gap::VagueGoal, false).is_none());
    }

    #[test]
    fn only_two_gaps_have_a_question_of_ours() {
        let ours: Vec<_> = Gap::ALL.iter().filter(|gap| question(**gap).is_some()).collect();
        assert_eq!(ours, [&Gap::MissingMaterial, &Gap::MissingReferent]);
    }
}

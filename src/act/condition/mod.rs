//! Turns that an act leaves alone, whatever a policy decides.
//!
//! Two kinds. Where a turn sounds as if somebody's life were in danger, nothing is asked, spliced or answered by us: the
//! upstream model, and whatever its makers have put in place for this, sees exactly what the user wrote. And where the user
//! asks for a fact, [`GroundingAct::Reflect`] does not keep it from them.
//!
//! This is no safety system and no diagnosis. It knows words and sentences, not states of mind; it only ever makes groundwire do less.

mod crisis;
mod factual;
mod spelling;

pub use crisis::is_crisis;
pub use factual::asks_for_a_fact;

use crate::dialogue::GroundingAct;

/// Whether a turn that says `text` holds language of a crisis: by its words, or because the classifier says so, `judged` being the
/// probability that it gives. Each finds what the other misses, and a mistake only makes groundwire do less.
pub(crate) fn is_of_a_crisis(text: &str, judged: Option<f32>) -> bool {
    judged.is_some_and(|p| p >= 0.5) || is_crisis(text)
}

/// Why `act` is not performed on a turn that says `text`, and of which the classifier says that it is of a crisis with this
/// probability; `None` where it may be.
pub(crate) fn left_alone(act: GroundingAct, text: &str, crisis: Option<f32>) -> Option<&'static str> {
    if act != GroundingAct::None && is_of_a_crisis(text, crisis) {
        return Some("crisis language is left alone");
    }
    (act == GroundingAct::Reflect && asks_for_a_fact(text)).then_some("a question for a fact is answered first")
}

#[cfg(test)]
#[path = "tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;

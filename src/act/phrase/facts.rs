//! What a template may speak of.

use minijinja::{Value, context};

use super::{Language, about};
use crate::dialogue::{Gap, GroundingAct};

/// What a template may speak of. Each is always there; what is not known is empty.
///
/// | variable | holds |
/// |---|---|
/// | `act`, `gap` | their names, such as `clarify` and `missing_material` |
/// | `about` | what is open, in words, such as "what the finished result should be may be unclear" |
/// | `force` | whether the act is performed whatever the model knows |
/// | `language` | the language of the template's choice, such as `en` |
/// | `profile` | what the application knows of its user |
/// | `holds` | the user's sentences that still hold, oldest first: a list |
/// | `more` | whether some of them were left out for length |
/// | `question`, `options`, `fallback` | what a side call drafted: a question, two to four options, and the one that is taken if none is chosen |
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Facts<'a> {
    /// Whether the act is performed whatever the model knows.
    pub force: bool,
    /// The language that is spoken.
    pub language: &'a Language,
    /// What the application knows of its user.
    pub profile: &'a str,
    /// The user's sentences that still hold, oldest first.
    pub holds: &'a [String],
    /// Whether some of them were left out for length.
    pub more: bool,
    /// A drafted question.
    pub question: &'a str,
    /// Its options.
    pub options: &'a [String],
    /// The option that is taken if none is chosen.
    pub fallback: &'a str,
}

impl<'a> Facts<'a> {
    /// Nothing is known but the language.
    pub const fn new(language: &'a Language) -> Self {
        Self { force: false, language, profile: "", holds: &[], more: false, question: "", options: &[], fallback: "" }
    }

    pub(super) fn values(&self, act: GroundingAct, gap: Gap) -> Value {
        context! {
            act => act.as_str(),
            gap => gap.as_str(),
            about => about(gap),
            force => self.force,
            language => self.language.as_str(),
            profile => self.profile,
            holds => self.holds.to_vec(),
            more => self.more,
            question => self.question,
            options => self.options.to_vec(),
            fallback => self.fallback,
        }
    }
}

/// The names of the variables, for errors.
pub(super) const VARIABLES: &str =
    "act, gap, about, force, language, profile, holds, more, question, options and fallback";

//! The words of every act, in one place: templates per language, act, gap and kind, and the operator's own over them.
//!
//! A steering instruction is read by the upstream model, a reply by the user. Both keep the product's own voice: no
//! cheerfulness, no apology, no flattery. Templates are [minijinja](https://docs.rs/minijinja)'s; what may stand in them
//! is in [`Facts`]. What frames an instruction is fixed and in no template, so that a leak of it can be recognised and no
//! wording forgets to say that it is not the user's.

mod english;
mod facts;
mod language;
mod translated;
mod wording;

pub use facts::Facts;
pub use language::Language;
pub use wording::{ActWording, KindWording, LanguageWording, Wording, WrongPhrase};

use std::collections::BTreeSet;
use std::fmt;

use minijinja::{Environment, UndefinedBehavior};

use crate::dialogue::{Gap, GroundingAct, Label};

/// What every steering instruction stands behind. Fixed, so that a leak of it can be recognised.
pub const OPENING: &str = "\n\n<grounding-note>\n";
/// What closes it.
pub const CLOSING: &str = "\n</grounding-note>";

/// What an instruction begins with.
const FROM_US: &str = "Note from the application, not from the user. ";
/// What it ends with.
const UNSAID: &str = " Do not mention this note.";

/// Most bytes of an instruction or a reply; a template that says more is cut at the end of a line or a word.
const MOST: usize = 8_000;

/// What a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// The instruction that has the upstream model perform the act.
    Steer,
    /// What groundwire says itself, where it replies.
    Reply,
    /// The same with a question that a side call drafted, and its options.
    Draft,
    /// The instruction that has the upstream model ask the drafted question.
    Relay,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Steer, Self::Reply, Self::Draft, Self::Relay];

    /// The name that it has in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Steer => "steer",
            Self::Reply => "reply",
            Self::Draft => "draft",
            Self::Relay => "relay",
        }
    }
}

/// All templates, ready to be rendered.
#[derive(Clone)]
pub struct Phrases {
    templates: Environment<'static>,
    /// Languages that have templates, English first.
    languages: Vec<Language>,
    /// What sets these apart from the phrases that ship.
    definition: String,
}

impl Phrases {
    /// The phrases that ship, with `wording` over them.
    ///
    /// Every template of `wording` is rendered with everything that may ever stand in it.
    ///
    /// # Errors
    /// The first template that is wrong: where it stands, what is wrong, and what to write.
    pub fn new(wording: &Wording) -> Result<Self, WrongPhrase> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut languages = BTreeSet::new();
        for (language, act, gap, kind, text) in shipped() {
            languages.insert(language.clone());
            // That they are templates is tested.
            let name = Name { own: false, language: &language, act, gap, kind };
            let _ = templates.add_template_owned(name.to_string(), text);
        }
        for phrase in wording.phrases() {
            let (language, text) = (phrase.language()?, phrase.checked()?);
            languages.insert(language.clone());
            let (act, gap, kind) = (phrase.act, phrase.gap, phrase.kind);
            let name = Name { own: true, language: &language, act, gap, kind };
            templates.add_template_owned(name.to_string(), text.to_owned()).map_err(|e| phrase.not_a_template(&e))?;
        }
        let phrases = Self { templates, languages: languages.into_iter().collect(), definition: wording.definition() };
        for phrase in wording.phrases() {
            phrase.try_out(&phrases)?;
        }
        Ok(phrases)
    }

    /// Languages in which something can be said.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// What sets these apart from the phrases that ship, for the hash of everything that decisions depend on.
    pub(crate) fn definition(&self) -> &str {
        &self.definition
    }

    /// The instruction that has the upstream model perform `act`; `None` for an act that nothing is said about.
    ///
    /// Unless `facts.force` is set it is conditional: the model, which sees the whole conversation and the tools,
    /// performs the act only if neither settles the gap.
    pub fn instruction(&self, act: GroundingAct, gap: Gap, facts: &Facts<'_>) -> Option<String> {
        self.framed(act, gap, Kind::Steer, facts)
    }

    /// The instruction that has the upstream model ask the drafted question in `facts`.
    pub fn relay(&self, act: GroundingAct, gap: Gap, facts: &Facts<'_>) -> Option<String> {
        self.framed(act, gap, Kind::Relay, facts)
    }

    /// What groundwire says itself; `None` where there is no template, which of those that ship have it for the two gaps
    /// about which a template can ask a good question.
    pub fn reply(&self, act: GroundingAct, gap: Gap, facts: &Facts<'_>) -> Option<String> {
        self.render(act, gap, Kind::Reply, facts)
    }

    /// What groundwire says itself with the drafted question in `facts`.
    pub fn drafted(&self, act: GroundingAct, gap: Gap, facts: &Facts<'_>) -> Option<String> {
        self.render(act, gap, Kind::Draft, facts)
    }

    fn framed(&self, act: GroundingAct, gap: Gap, kind: Kind, facts: &Facts<'_>) -> Option<String> {
        let body = self.render(act, gap, kind, facts)?;
        let known = match facts.profile {
            "" => String::new(),
            profile => format!("Known of the user, so not to be asked: {}\n", undelimited(profile).trim()),
        };
        Some(format!("{OPENING}{FROM_US}{known}{body}{UNSAID}{CLOSING}"))
    }

    fn render(&self, act: GroundingAct, gap: Gap, kind: Kind, facts: &Facts<'_>) -> Option<String> {
        let template = self.find(facts.language, act, gap, kind)?;
        // That a template renders was tried when it was read. What goes wrong all the same costs the act.
        let text = template.render(facts.values(act, gap)).ok()?;
        let text = undelimited(text.trim());
        (!text.is_empty()).then(|| cut(&text, MOST).to_owned())
    }

    /// The template that says it: the operator's before ours, the gap's before the act's, the language's before English.
    fn find<'p>(
        &'p self,
        language: &Language,
        act: GroundingAct,
        gap: Gap,
        kind: Kind,
    ) -> Option<minijinja::Template<'p, 'p>> {
        let english = Language::english();
        [language, &english].into_iter().find_map(|language| {
            [true, false].into_iter().find_map(|own| {
                [Some(gap), None].into_iter().find_map(|gap| {
                    self.templates.get_template(&Name { own, language, act, gap, kind }.to_string()).ok()
                })
            })
        })
    }
}

impl Default for Phrases {
    fn default() -> Self {
        // An empty wording has nothing that could be wrong.
        Self::new(&Wording::default()).unwrap_or_else(|_| Self {
            templates: Environment::new(),
            languages: Vec::new(),
            definition: String::new(),
        })
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phrases").field("languages", &self.languages).finish_non_exhaustive()
    }
}

/// As [`Phrases::instruction`] of the phrases that ship, in English and with nothing known.
pub fn instruction(act: GroundingAct, gap: Gap, force: bool) -> Option<String> {
    Phrases::default().instruction(act, gap, &Facts { force, ..Facts::new(&Language::english()) })
}

/// As [`Phrases::reply`] of the phrases that ship, in English.
pub fn question(gap: Gap) -> Option<String> {
    Phrases::default().reply(GroundingAct::Clarify, gap, &Facts::new(&Language::english()))
}

/// The name of a template.
struct Name<'a> {
    own: bool,
    language: &'a Language,
    act: GroundingAct,
    gap: Option<Gap>,
    kind: Kind,
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = self.gap.map_or("any", Gap::as_str);
        write!(f, "{} {} {} {gap} {}", self.own, self.language, self.act, self.kind.as_str())
    }
}

type Shipped = (Language, GroundingAct, Option<Gap>, Kind, &'static str);

/// Every template that ships.
fn shipped() -> impl Iterator<Item = Shipped> {
    let english = english::PHRASES.iter().map(|&(act, gap, kind, text)| (Language::english(), act, gap, kind, text));
    let others = translated::PHRASES.iter().flat_map(|(language, phrases)| {
        phrases.iter().map(|&(act, gap, kind, text)| (Language::known(language), act, gap, kind, text))
    });
    english.chain(others)
}

/// The text without anything that would look like the frame of an instruction of ours.
fn undelimited(text: &str) -> String {
    if !text.contains("grounding-note") {
        return text.to_owned();
    }
    text.replace("grounding-note", "grounding note")
}

/// At most `most` bytes of a text, cut at the end of a line or, in a long line, of a word.
fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let head = &text[..text.floor_char_boundary(most)];
    let end = head.rfind('\n').filter(|at| *at > most / 2).or_else(|| head.rfind(char::is_whitespace));
    head[..end.unwrap_or(head.len())].trim_end()
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

/// Every act that something may be said about.
fn spoken() -> impl Iterator<Item = GroundingAct> {
    GroundingAct::ALL.iter().copied().filter(|act| *act != GroundingAct::None)
}

#[cfg(test)]
#[path = "tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;

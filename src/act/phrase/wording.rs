//! Words of the operator's own, and what may be wrong with them.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::{Environment, ErrorKind};
use serde::{Deserialize, Serialize};

use super::facts::VARIABLES;
use super::{Facts, Kind, Language, Phrases, spoken};
use crate::dialogue::{Gap, GroundingAct, Label};

/// Most bytes of a template.
const LONGEST: usize = 4_000;

/// Words of the operator's own, by language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wording(pub BTreeMap<String, LanguageWording>);

/// The words of one language, by act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the acts")]
pub struct LanguageWording {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clarify: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assume: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recap: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consolidate: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reflect: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub substantiate: Option<ActWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<ActWording>,
}

/// The words of one act: for every gap, and for single ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the kinds and of the gaps")]
pub struct ActWording {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_material: Option<KindWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_referent: Option<KindWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing_parameter: Option<KindWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vague_goal: Option<KindWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambiguous_term: Option<KindWording>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflicting: Option<KindWording>,
}

/// The words of one act for one gap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names are those of the kinds")]
pub struct KindWording {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongPhrase {
    /// The keys that lead to it, such as `en`, `clarify`, `missing-material`, `steer`.
    pub path: Vec<String>,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub fix: String,
}

impl fmt::Display for WrongPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phrases.{}: {}; {}", self.path.join("."), self.what, self.fix)
    }
}

impl std::error::Error for WrongPhrase {}

/// One template of the operator's.
pub(super) struct Own<'w> {
    tag: &'w str,
    pub(super) act: GroundingAct,
    pub(super) gap: Option<Gap>,
    pub(super) kind: Kind,
    text: &'w str,
}

impl Wording {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every template in it.
    pub(super) fn phrases(&self) -> impl Iterator<Item = Own<'_>> {
        self.0
            .iter()
            .flat_map(|(tag, words)| words.acts().into_iter().map(move |(act, words)| (tag, act, words)))
            .flat_map(|(tag, act, words)| {
                words
                    .texts()
                    .into_iter()
                    .filter_map(move |(gap, kind, text)| text.map(|text| Own { tag, act, gap, kind, text }))
            })
    }

    /// The words as text, for the hash of everything that decisions depend on; empty where there are none.
    pub(super) fn definition(&self) -> String {
        let mut all = String::new();
        for phrase in self.phrases() {
            all.push_str(&format!("{}={:?}\n", phrase.path().join("."), phrase.text));
        }
        all
    }
}

impl LanguageWording {
    fn acts(&self) -> Vec<(GroundingAct, &ActWording)> {
        let words = |act: &GroundingAct| {
            let words = match act {
                GroundingAct::Clarify => &self.clarify,
                GroundingAct::Check => &self.check,
                GroundingAct::Assume => &self.assume,
                GroundingAct::Branch => &self.branch,
                GroundingAct::Recap => &self.recap,
                GroundingAct::Consolidate => &self.consolidate,
                GroundingAct::Reflect => &self.reflect,
                GroundingAct::Repair => &self.repair,
                GroundingAct::Substantiate => &self.substantiate,
                GroundingAct::FollowUp => &self.follow_up,
                GroundingAct::None => &None,
            };
            words.as_ref().map(|words| (*act, words))
        };
        spoken().filter_map(|act| words(&act)).collect()
    }
}

impl ActWording {
    fn texts(&self) -> Vec<(Option<Gap>, Kind, Option<&str>)> {
        let mut texts = vec![
            (None, Kind::Steer, self.steer.as_deref()),
            (None, Kind::Reply, self.reply.as_deref()),
            (None, Kind::Draft, self.draft.as_deref()),
            (None, Kind::Relay, self.relay.as_deref()),
        ];
        for &gap in Gap::ALL {
            let words = match gap {
                Gap::MissingMaterial => &self.missing_material,
                Gap::MissingReferent => &self.missing_referent,
                Gap::MissingParameter => &self.missing_parameter,
                Gap::VagueGoal => &self.vague_goal,
                Gap::AmbiguousTerm => &self.ambiguous_term,
                Gap::Conflicting => &self.conflicting,
            };
            let Some(words) = words else { continue };
            texts.extend([
                (Some(gap), Kind::Steer, words.steer.as_deref()),
                (Some(gap), Kind::Reply, words.reply.as_deref()),
                (Some(gap), Kind::Draft, words.draft.as_deref()),
                (Some(gap), Kind::Relay, words.relay.as_deref()),
            ]);
        }
        texts
    }
}

impl<'w> Own<'w> {
    fn path(&self) -> Vec<String> {
        let kebab = |name: &str| name.replace('_', "-");
        let gap = self.gap.map(|gap| kebab(gap.as_str()));
        [Some(self.tag.to_owned()), Some(kebab(self.act.as_str())), gap, Some(self.kind.as_str().to_owned())]
            .into_iter()
            .flatten()
            .collect()
    }

    fn wrong(&self, what: impl Into<String>, fix: impl Into<String>) -> WrongPhrase {
        WrongPhrase { path: self.path(), what: what.into(), fix: fix.into() }
    }

    pub(super) fn language(&self) -> Result<Language, WrongPhrase> {
        match Language::parse(self.tag) {
            Some(language) if language.as_str() == self.tag => Ok(language),
            _ => {
                let fix = "write the two or three letters of a language, such as [phrases.en] or [phrases.de]";
                let what = format!("`{}` is the name of no language", self.tag);
                Err(WrongPhrase { path: vec![self.tag.to_owned()], what, fix: fix.to_owned() })
            }
        }
    }

    /// The text, where nothing is wrong with it that one need not be a template engine to see.
    pub(super) fn checked(&self) -> Result<&'w str, WrongPhrase> {
        if self.text.trim().is_empty() {
            return Err(self.wrong("this phrase says nothing", "write what is to be said, or remove the key"));
        }
        if self.text.len() > LONGEST {
            let what = format!("this phrase has {} bytes", self.text.len());
            return Err(self.wrong(what, format!("write {LONGEST} or fewer: each is sent with every such turn")));
        }
        if self.text.contains("grounding-note") {
            let fix = "leave it out: the frame around an instruction is put there for you";
            return Err(self.wrong("this phrase holds the name of the frame, grounding-note", fix));
        }
        let clarifies = self.act == GroundingAct::Clarify;
        match self.kind {
            Kind::Steer => {}
            _ if clarifies => {}
            kind => {
                let what = format!("`{}` is never said for `{}`: only questions are", kind.as_str(), self.act);
                return Err(self.wrong(what, "write `steer`, or move it to `clarify`"));
            }
        }
        Ok(self.text)
    }

    pub(super) fn not_a_template(&self, error: &minijinja::Error) -> WrongPhrase {
        let line = error.line().filter(|_| self.text.contains('\n')).map(|line| format!(" in line {line} of it"));
        let what = match error.detail() {
            Some(detail) => format!("this is no template: {detail}{}", line.unwrap_or_default()),
            None => format!("this is no template: {}{}", error.kind(), line.unwrap_or_default()),
        };
        self.wrong(what, "close every `{{ … }}` and `{% … %}`; to write a brace itself, write {{ '{' }}")
    }

    /// Renders the template with everything that may ever stand in it.
    pub(super) fn try_out(&self, phrases: &Phrases) -> Result<(), WrongPhrase> {
        let language = self.language()?;
        let (one, several) = (["a sentence".to_owned()], ["a".to_owned(), "b".to_owned(), "c".to_owned()]);
        let gaps: &[Gap] = match &self.gap {
            Some(gap) => std::slice::from_ref(gap),
            None => Gap::ALL,
        };
        // A draft has a question and its options whenever it is told; everything else may be missing.
        let asks = matches!(self.kind, Kind::Draft | Kind::Relay);
        for &gap in gaps {
            for number in 0..32_u32 {
                let on = |bit: u32| number >> bit & 1 == 1;
                let facts = Facts {
                    force: on(0),
                    profile: if on(1) { "a vegetarian" } else { "" },
                    holds: if on(2) { &one } else { &[] },
                    more: on(3),
                    question: if asks { "Which?" } else { "" },
                    options: if asks { &several } else { &[] },
                    fallback: if asks && on(4) { "a" } else { "" },
                    ..Facts::new(&language)
                };
                self.try_with(phrases, gap, &facts)?;
            }
        }
        Ok(())
    }

    fn try_with(&self, phrases: &Phrases, gap: Gap, facts: &Facts<'_>) -> Result<(), WrongPhrase> {
        let engine: &Environment<'_> = &phrases.templates;
        let rendered =
            engine.render_str(self.text, facts.values(self.act, gap)).map_err(|error| match error.kind() {
                ErrorKind::UndefinedError => {
                    let what = "this phrase speaks of something that is never there";
                    self.wrong(what, format!("the variables are {VARIABLES}"))
                }
                ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
                    let what = format!("this phrase uses what there is not: {}", error.detail().unwrap_or_default());
                    self.wrong(what, "use the filters and tests that minijinja has built in")
                }
                _ => self.not_a_template(&error),
            })?;
        if rendered.trim().is_empty() {
            let what = format!("this phrase says nothing for the gap {gap}{}", facts.described());
            return Err(self.wrong(what, "write an {% else %} that says something"));
        }
        if rendered.len() > super::MOST {
            return Err(self.wrong("this phrase grows too long", format!("it may come to {} bytes", super::MOST)));
        }
        Ok(())
    }
}

impl Facts<'_> {
    fn described(&self) -> String {
        let set = [
            (self.force, "force"),
            (!self.profile.is_empty(), "a profile"),
            (!self.holds.is_empty(), "something in `holds`"),
            (self.more, "`more`"),
            (!self.fallback.is_empty(), "a fallback"),
        ];
        let set: Vec<&str> = set.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        if set.is_empty() { String::new() } else { format!(" with {}", set.join(", ")) }
    }
}

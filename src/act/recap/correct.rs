//! What a user's turn corrects of what they said before.
//!
//! Three kinds of evidence are added up: words that announce a change, that both values are of one thing, and that both
//! stand in like company. A value that no sum speaks for stays; so does what a vague word takes back.

use super::cue::{self, How, Old};
use super::ledger::Statement;
use super::lexicon;
use super::token::{Token, related, stem, tokens};
use super::value::{Kind, Value, values_of};

/// From this on a value is taken for another value of the same thing.
const ENOUGH: f32 = 2.0;

/// Puts right what `said` corrects, and gives back what of it is kept as it is: `None` for a sentence that has done its work.
pub(super) fn apply(statements: &mut Vec<Statement>, said: &[&str], is_repair: bool) -> Vec<Option<String>> {
    let keep = |sentence: &&str| Some((*sentence).to_owned());
    if statements.is_empty() {
        return said.iter().map(keep).collect();
    }
    if said.iter().any(|sentence| cue::starts_over(sentence)) {
        statements.clear();
        return said.iter().map(|sentence| keep(sentence).filter(|_| !cue::starts_over(sentence))).collect();
    }
    let strength = cue::strength(said, is_repair);
    let mut turn = Turn { statements, strength, resolved: false, mentioned: Vec::new(), replaced: Vec::new() };
    let mut kept: Vec<Option<String>> = said.iter().map(keep).collect();
    if said.iter().any(|sentence| cue::takes_back(sentence)) {
        turn.take_back();
    }
    for sentence in said {
        turn.note_old(&tokens(sentence));
    }
    for (place, sentence) in said.iter().enumerate() {
        let all = tokens(sentence);
        let olds = cue::olds(&all);
        turn.new_values(sentence, &all);
        for old in &olds {
            kept[place] = match turn.old(sentence, &all, old) {
                Told::Nothing => continue,
                Told::Keep => kept[place].take(),
                Told::Without(text) => Some(text),
                Told::Done => None,
            };
        }
    }
    for sentence in kept.iter_mut().flatten() {
        turn.leave_out_replaced(sentence);
    }
    if !turn.resolved && strength >= ENOUGH {
        turn.same_head(said);
    }
    if !turn.resolved && strength >= ENOUGH {
        turn.same_frame(said);
    }
    if !turn.resolved && strength >= 1.4 {
        turn.complaint(said, &mut kept);
    }
    kept
}

/// What is left of a sentence once what it takes back is gone.
enum Told {
    /// It took nothing back.
    Nothing,
    /// All of it.
    Keep,
    /// This.
    Without(String),
    /// Nothing that is not done.
    Done,
}

pub(super) struct Turn<'s> {
    pub(super) statements: &'s mut Vec<Statement>,
    strength: f32,
    /// Whether something was put right.
    pub(super) resolved: bool,
    /// Old values that the turn names: what they come to.
    mentioned: Vec<String>,
    /// Values that were replaced.
    replaced: Vec<Value>,
}

impl Turn<'_> {
    /// The last sentence of the turn before is taken back, unless it is what everything is about.
    fn take_back(&mut self) {
        let Some(last) = self.statements.last().map(|last| last.turn) else { return };
        if self.statements.first().is_some_and(|first| first.turn != last) {
            self.statements.pop();
            self.resolved = true;
        }
    }

    /// Notes the values that the turn names as old ones.
    fn note_old(&mut self, all: &[Token<'_>]) {
        for value in values_of(all) {
            if cue::is_old(all, &value.tokens) {
                self.mentioned.push(value.norm);
            }
        }
    }

    /// Puts the values of a sentence in the place of older ones.
    fn new_values(&mut self, sentence: &str, all: &[Token<'_>]) {
        let adds = cue::adds(sentence);
        let values = values_of(all);
        let in_value = |place: usize| values.iter().any(|value| value.tokens.contains(&place));
        let content =
            all.iter().enumerate().filter(|(place, token)| token.is_content() && !token.is_mark() && !in_value(*place));
        let about: Vec<String> = content.map(|(_, token)| stem(&token.lower)).collect();
        for value in values {
            let is = |other: &Value| other.norm == value.norm && same_kind(&other.kind, &value.kind);
            let known = self.statements.iter().any(|statement| statement.values.iter().any(is));
            let was = self.mentioned.contains(&value.norm) && cue::is_old(all, &value.tokens);
            if known || was || self.replaced.iter().any(is) {
                continue;
            }
            let Some(old) = self.best(adds, &about, &value) else { continue };
            self.replace_all(&old, &value, sentence);
        }
    }

    /// The older value that `value` most likely replaces.
    fn best(&self, adds: bool, about: &[String], value: &Value) -> Option<Value> {
        let olds = self.statements.iter().flat_map(|s| s.values.iter().map(move |old| (s, old)));
        let alike: Vec<(&Statement, &Value)> =
            olds.filter(|(_, old)| old.norm != value.norm && fits(&old.kind, &value.kind)).collect();
        // Each kind, a value of it, and whether there is another.
        let mut kinds: Vec<(&Kind, &str, bool)> = Vec::new();
        for (_, old) in &alike {
            match kinds.iter_mut().find(|(kind, ..)| same_kind(kind, &old.kind)) {
                Some((_, norm, several)) => *several |= *norm != old.norm,
                None => kinds.push((&old.kind, &old.norm, false)),
            }
        }
        let mut best: Option<(f32, &Value)> = None;
        for (statement, old) in alike {
            let only = kinds.iter().any(|(kind, _, several)| !several && same_kind(kind, &old.kind));
            let score = self.score(adds, about, value, statement, old) + self.alone(only, &old.kind);
            if score >= ENOUGH && best.is_none_or(|(most, _)| score >= most) {
                best = Some((score, old));
            }
        }
        best.map(|(_, old)| old.clone())
    }

    /// What it is worth that there is no other value of the kind.
    fn alone(&self, only: bool, kind: &Kind) -> f32 {
        let told = matches!(kind, Kind::Money | Kind::Percent | Kind::When | Kind::Span(_) | Kind::Class(_));
        match only {
            true if told && self.strength >= 0.7 => 1.3,
            true => 0.5,
            false => 0.0,
        }
    }

    fn score(&self, adds: bool, about: &[String], new: &Value, statement: &Statement, old: &Value) -> f32 {
        let mentioned = self.mentioned.contains(&old.norm);
        if old.origin != new.origin && matches!(old.kind, Kind::Class("place") | Kind::Name) && !mentioned {
            return 0.0;
        }
        let mut score = if adds && !mentioned { f32::min(self.strength, 2.0) - 1.5 } else { self.strength };
        score += if mentioned { 2.0 } else { 0.0 };
        // Of one thing, in the strict sense.
        score += match (&old.kind, &new.kind) {
            (Kind::Version(_), Kind::Version(_)) => 2.0,
            (Kind::People, Kind::People) | (Kind::Size, Kind::Size) => 1.0,
            (Kind::Class("place"), Kind::Name) => {
                if new.left.as_deref().is_some_and(is_place) {
                    -0.5
                } else {
                    -3.0
                }
            }
            (Kind::Count(a), Kind::Count(b)) if related(a, b) => 1.0,
            (Kind::Count(_), Kind::Count(_)) if !(old.bounded && new.bounded) => -2.0,
            (Kind::Measure(a), Kind::Measure(b)) if a == b => 1.0,
            (Kind::Number, _) | (_, Kind::Number) | (Kind::Name, Kind::Name) => -0.5,
            _ => 0.0,
        };
        let shared = shared(about, statement, old);
        score += match shared {
            0 => 0.0,
            1 => 1.0,
            _ => 1.5,
        };
        score += if old.left.is_some() && old.left == new.left { 0.5 } else { 0.0 };
        let near = old.near.iter().any(|near| about.iter().any(|word| word == near || lexicon::are_akin(word, near)));
        score += if near { 0.5 } else { 0.0 };
        // "The budget is 400" after "the budget is 300" needs no further word.
        score + if shared > 0 && new.copular && old.copular { 0.5 } else { 0.0 }
    }

    /// Puts `new` wherever `old` stands.
    fn replace_all(&mut self, old: &Value, new: &Value, sentence: &str) {
        let named = (old.kind == Kind::Name).then(|| self.named(old)).flatten();
        if let Some(name) = named.filter(|_| new.kind == Kind::Name) {
            self.rename_to(&name, &sentence[new.core.clone()]);
            self.resolved = true;
            self.replaced.push(old.clone());
            return;
        }
        for statement in self.statements.iter_mut() {
            let mut here = false;
            // Each replacement moves what follows.
            for _ in 0..4 {
                let found =
                    statement.values.iter().find(|v| v.norm == old.norm && same_kind(&v.kind, &old.kind)).cloned();
                let Some(found) = found else { break };
                let when = matches!(found.kind, Kind::When);
                let both = when && found.at != found.core && new.at != new.core;
                let amount = matches!(new.kind, Kind::Number) && !matches!(found.kind, Kind::Number);
                let at =
                    if when && !both || found.bounded && !new.bounded { found.core.clone() } else { found.at.clone() };
                let with =
                    if both || !when && new.bounded { &sentence[new.at.clone()] } else { &sentence[new.core.clone()] };
                let at = if amount { number_in(&statement.text, &found) } else { at };
                let with = with.to_owned();
                statement.replace(at, &with);
                here = true;
            }
            if here {
                statement.drop_question(&old.norm);
                self.resolved = true;
                self.replaced.push(old.clone());
            }
        }
    }

    /// Leaves out of a sentence the clause that only speaks of a value that it replaces: "three was too few".
    fn leave_out_replaced(&self, sentence: &mut String) {
        let mut rest = Statement::new(0, None, sentence);
        let is_replaced =
            |value: &Value| self.replaced.iter().any(|old| old.norm == value.norm && fits(&old.kind, &value.kind));
        let found = rest.values.iter().find(|value| is_replaced(value)).cloned();
        let Some(found) = found else { return };
        let others = rest.values.len();
        if rest.take_out(found.core.clone()) && rest.values.len() + 1 == others {
            *sentence = rest.text;
        }
    }

    /// A name as it is written.
    fn named(&self, value: &Value) -> Option<String> {
        let is = |v: &&Value| v.norm == value.norm && v.kind == Kind::Name;
        self.statements.iter().find_map(|s| s.values.iter().find(is).map(|v| s.text[v.core.clone()].to_owned()))
    }

    /// Gives `name` up for another wherever it stands, also at the beginning of a sentence, where every word begins with a
    /// capital.
    fn rename_to(&mut self, name: &str, with: &str) {
        if name == with {
            return;
        }
        for statement in self.statements.iter_mut() {
            let is = |text: &str| text == name || text.strip_suffix("'s") == Some(name);
            let places: Vec<usize> =
                tokens(&statement.text).iter().filter(|t| is(t.text)).map(|t| t.at.start).collect();
            // From the end, so that what is still to be replaced stays where it is.
            for start in places.into_iter().rev() {
                statement.replace(start..start + name.len(), with);
            }
        }
    }

    /// "Call him Milo": the last name that was given.
    fn rename(&mut self, with: &str) -> Told {
        let named = self.statements.iter().rev().flat_map(|s| s.values.iter()).find(|v| v.kind == Kind::Name).cloned();
        let (Some(old), true) = (named, with.starts_with(char::is_uppercase)) else { return Told::Nothing };
        let Some(name) = self.named(&old) else { return Told::Nothing };
        if name == with {
            // The new name was put in as a value already.
            return Told::Keep;
        }
        self.rename_to(&name, with);
        self.resolved = true;
        self.replaced.push(old);
        Told::Keep
    }

    /// Takes out, or exchanges, what a sentence says something changes from.
    fn old(&mut self, sentence: &str, all: &[Token<'_>], old: &Old) -> Told {
        let names: Vec<&Token<'_>> = all[old.named.clone()].iter().filter(|token| token.is_content()).collect();
        if names.is_empty() {
            let who = all[old.named.clone()].iter().any(|token| token.is_any(&["him", "her", "it", "them"]));
            return match (&old.new, who && all[old.said.start].is("rename")) {
                (Some(new), true) => self.rename(&sentence[all[new.start].at.start..all[new.end - 1].at.end]),
                _ => Told::Nothing,
            };
        }
        let sure = match old.how {
            How::InPlaceOf | How::Retract | How::Exchange => true,
            How::Not | How::Remove => self.strength >= 0.7,
        };
        let Some((place, hit)) = self.find(&names) else {
            // The value may be gone already: then what names it goes, too.
            let gone = self.resolved && matches!(old.how, How::InPlaceOf | How::Not);
            return if gone { Told::Without(without(sentence, all, old)) } else { Told::Nothing };
        };
        if !sure || old.how == How::Remove && !self.is_wish(place) {
            return Told::Nothing;
        }
        if let Some(new) = &old.new {
            let with = sentence[all[new.start].at.start..all[new.end - 1].at.end].to_owned();
            let at = phrase(&self.statements[place].text, &names, hit);
            self.statements[place].replace(at, &with);
            self.resolved = true;
            let rest = all.iter().enumerate().filter(|(i, token)| token.is_content() && !old.said.contains(i)).count();
            return if rest == 0 { Told::Done } else { Told::Keep };
        }
        let first = self.statements[0].turn;
        if !self.statements[place].take_out(hit) {
            if self.statements[place].turn == first && self.statements.iter().filter(|s| s.turn == first).count() == 1 {
                // What everything is about is not taken out, whatever its words.
                return Told::Nothing;
            }
            self.statements.remove(place);
        }
        self.resolved = true;
        if matches!(old.how, How::Retract | How::Remove) {
            // What takes it back has done its work; what else the sentence says stays.
            let rest = all.iter().enumerate().filter(|(i, token)| token.is_content() && !old.said.contains(i)).count();
            let mut left = Statement::new(0, None, sentence);
            return match left
                .take_out(all[old.named.clone()].iter().rfind(|t| t.is_content()).map_or(0..0, |t| t.at.clone()))
            {
                true => Told::Without(left.text),
                false if rest <= 2 => Told::Done,
                false => Told::Keep,
            };
        }
        Told::Without(without(sentence, all, old))
    }

    /// The latest statement in which all these words have their like, and where the last of them has it.
    fn find(&self, names: &[&Token<'_>]) -> Option<(usize, std::ops::Range<usize>)> {
        self.statements.iter().enumerate().rev().find_map(|(place, statement)| {
            let hits: Vec<_> = names.iter().filter_map(|name| statement.find(&name.lower)).collect();
            let enough = hits.len() == names.len() || names.len() >= 3 && hits.len() + 1 == names.len();
            hits.last().cloned().filter(|_| enough).map(|hit| (place, hit))
        })
    }

    /// Whether a statement asks for something to be there, so that "remove it" takes that back.
    fn is_wish(&self, place: usize) -> bool {
        let wishes = [
            "add", "include", "with", "want", "like", "need", "put", "have", "show", "use", "plus", "mention", "also",
            "get", "bring", "invite",
        ];
        let statement = &self.statements[place].text;
        tokens(statement).iter().any(|token| token.is_any(&wishes) || token.is(",") || token.is(":"))
    }
}

/// Whether a place follows this word.
fn is_place(word: &str) -> bool {
    ["in", "to", "at", "near", "from"].contains(&word)
}

fn same_kind(a: &Kind, b: &Kind) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && fits(a, b)
}

/// Whether a value of one kind may take the place of one of the other.
fn fits(old: &Kind, new: &Kind) -> bool {
    match (old, new) {
        (Kind::Span(a), Kind::Span(b)) => a == b,
        (Kind::Class(a), Kind::Class(b)) => a == b,
        (Kind::Class("place"), Kind::Name) => true,
        (Kind::Measure(a), Kind::Measure(b)) => a == b,
        (Kind::Version(a), Kind::Version(b)) => a == b,
        (Kind::Count(a), Kind::Count(b)) => a != "part" && b != "part" && a != "of us" && b != "of us",
        (Kind::Count(a), _) if a == "part" || a == "of us" => false,
        (_, Kind::Count(b)) if b == "part" || b == "of us" => false,
        (
            Kind::Money | Kind::People | Kind::Count(_) | Kind::Measure(_) | Kind::Percent | Kind::Number,
            Kind::Number,
        ) => true,
        (Kind::Number, Kind::Money | Kind::People | Kind::Count(_) | Kind::Measure(_) | Kind::Percent) => true,
        _ => std::mem::discriminant(old) == std::mem::discriminant(new),
    }
}

/// How many words of meaning two values have about them in common.
fn shared(about: &[String], statement: &Statement, old: &Value) -> usize {
    let mut common: Vec<&str> = Vec::new();
    for stem in about {
        let is_about = statement.stems.binary_search(stem).is_ok() && !old.norm.split(' ').any(|word| word == stem);
        if is_about && !common.contains(&stem.as_str()) {
            common.push(stem);
        }
    }
    common.len()
}

/// The bytes of the number in a value: "4" of "4 people".
fn number_in(text: &str, value: &Value) -> std::ops::Range<usize> {
    let all = tokens(&text[value.core.clone()]);
    let sign = usize::from(all.first().is_some_and(|token| token.is_any(&["€", "$", "£"])));
    let long = super::number::number(&all[sign.min(all.len())..]).map_or(all.len(), |number| number.tokens);
    let (Some(first), Some(last)) = (all.get(sign), all.get(sign + long - 1)) else { return value.core.clone() };
    value.core.start + first.at.start..value.core.start + last.at.end
}

/// The bytes of a statement that these words name: from the first to the last of them, where they stand in a row.
fn phrase(text: &str, names: &[&Token<'_>], hit: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let all = tokens(text);
    let Some(last) = all.iter().position(|token| token.at == hit) else { return hit };
    let first = (last + 1).saturating_sub(names.len());
    let in_row = all[first..=last].iter().zip(names).all(|(token, name)| related(&token.lower, &name.lower));
    if in_row { all[first].at.start..hit.end } else { hit }
}

/// The sentence without what it says something changes from.
fn without(sentence: &str, all: &[Token<'_>], old: &Old) -> String {
    let from = all[old.said.start].at.start;
    let to = all[old.said.end - 1].at.end;
    let head = sentence[..from].trim_end().trim_end_matches([',', '–', '—', '-']).trim_end();
    let tail = sentence[to..].trim_start();
    let joint =
        if tail.is_empty() || tail.starts_with(['.', ',', '!', '?', ';', ':']) || head.is_empty() { "" } else { " " };
    format!("{head}{joint}{tail}").trim_start_matches([',', ' ']).to_owned()
}

//! Corrections that name no value: the same thing of another sort, another way to sort by, a complaint and a wish.

use super::correct::Turn;
use super::cue;
use super::ledger::Statement;
use super::token::{Token, stem, tokens};

impl Turn<'_> {
    /// "Rye flour" takes the place of "white flour": the same thing, of another sort.
    pub(super) fn same_head(&mut self, said: &[&str]) {
        for sentence in said.iter().filter(|sentence| !cue::adds(sentence)) {
            let all = tokens(sentence);
            for (place, pair) in all.windows(2).enumerate() {
                let [sort, head] = pair else { continue };
                let named = place > 0
                    && all[place - 1].is_any(&[
                        "a", "an", "the", "of", "some", "any", "with", "use", "my", "our", "for", "found", "got",
                    ]);
                let is_pair = sort.is_content() && head.is_content() && head.lower.len() >= 4 && !sort.is_mark();
                if !is_pair || !named || is_verbal(sort) {
                    continue;
                }
                let found = self.statements.iter().enumerate().rev().find_map(|(place, statement)| {
                    let before = tokens(&statement.text);
                    let at = before.iter().position(|token| stem(&token.lower) == stem(&head.lower))?;
                    let old = at.checked_sub(1).map(|at| &before[at]);
                    let sorted = old.filter(|old| old.is_content() && !old.is_mark() && !is_verbal(old));
                    match sorted {
                        Some(old) if stem(&old.lower) != stem(&sort.lower) => Some((place, old.at.clone())),
                        None if old.is_some_and(|old| old.is_any(&["a", "an", "the"])) => {
                            Some((place, before[at].at.start..before[at].at.start))
                        }
                        _ => None,
                    }
                });
                if let Some((place, at)) = found {
                    let with = if at.is_empty() { format!("{} ", sort.text) } else { sort.text.to_owned() };
                    self.statements[place].replace(at, &with);
                    self.resolved = true;
                    return;
                }
            }
        }
    }

    /// "By country" takes the place of "by product".
    pub(super) fn same_frame(&mut self, said: &[&str]) {
        let by = |text: &str| {
            let all = tokens(text);
            let at = all.iter().position(|token| token.is("by"))?;
            let long = all[at + 1..]
                .iter()
                .take(6)
                .take_while(|t| !t.is_any(&[",", ".", ";", "!", "?", "instead", "please", "because", "but"]))
                .count();
            (long > 0 && all[at + 1].is_content()).then(|| all[at].at.start..all[at + long].at.end)
        };
        let Some((sentence, new)) = said.iter().find_map(|sentence| by(sentence).map(|at| (sentence, at))) else {
            return;
        };
        if cue::adds(sentence) {
            return;
        }
        let found = self.statements.iter().enumerate().rev().find_map(|(place, s)| by(&s.text).map(|at| (place, at)));
        if let Some((place, at)) = found {
            let with = sentence[new].to_owned();
            self.statements[place].replace(at, &with);
            self.resolved = true;
        }
    }

    /// "An average hides too much. The median please, in place of it": what is spoken of before goes.
    pub(super) fn complaint(&mut self, said: &[&str], kept: &mut [Option<String>]) {
        let clauses: Vec<&str> = said.iter().flat_map(|sentence| sentence.split([',', ';'])).collect();
        let says = |clause: &str, words: &[&str]| {
            let text = cue::joined(clause);
            words.iter().any(|word| text.contains(&format!(" {word} ")))
        };
        let wish = clauses
            .iter()
            .position(|clause| says(clause, &["instead", "in place of it", "in place of that", "it is", "rather"]));
        let Some(wish) = wish else { return };
        let complaints = &clauses[..wish];
        let first = self.statements[0].turn;
        let found = complaints
            .iter()
            .flat_map(|clause| tokens(clause))
            .filter(|t| t.is_content() && t.lower.len() > 3)
            .find_map(|t| {
                let places = self.statements.iter().enumerate().rev().filter(|(_, statement)| statement.turn != first);
                let found = places.filter_map(|(place, statement)| Some((place, statement.find(&t.lower)?))).next();
                found.map(|(place, hit)| (place, hit, t.lower))
            });
        let Some((place, hit, word)) = found else { return };
        if !self.statements[place].take_out(hit) {
            self.statements.remove(place);
        }
        self.resolved = true;
        // In the sentence of the wish, what was complained of is spoken of no more.
        for sentence in kept.iter_mut().flatten().filter(|sentence| sentence.contains(clauses[wish].trim())) {
            let mut rest = Statement::new(0, None, sentence);
            if let Some(hit) = rest.find(&word)
                && rest.take_out(hit)
                && rest.text.contains(clauses[wish].trim_matches([' ', '.', '!']))
            {
                *sentence = rest.text;
            }
        }
    }
}

fn is_verbal(token: &Token<'_>) -> bool {
    token.is_any(&[
        "want", "use", "make", "write", "add", "need", "have", "bake", "cook", "plan", "show", "found", "take",
        "create", "run", "change", "switch", "swap", "keep", "without", "include",
    ])
}

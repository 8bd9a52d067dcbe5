//! Conversations in which something is corrected, and what holds at their end.

use super::*;
use crate::dialogue::Part;

/// Conversations with what must be restated, and what must not.
const CORRECTIONS: &str = include_str!("../../../tests/data/acts/corrections.toml");

/// The lines that hold before the last turn; turns of the assistant begin with "A: ".
fn holds(turns: &[&str]) -> Vec<String> {
    let turns: Vec<Turn<'_>> = turns
        .iter()
        .map(|turn| match turn.strip_prefix("A: ") {
            Some(said) => Turn::new(Role::Assistant, said),
            None => Turn::new(Role::User, turn),
        })
        .collect();
    let at = turns.len() - 1;
    recap(&Conversation { turns, tools: false }, at, &|_| None).lines
}

#[test]
fn what_is_said_piece_by_piece_is_said_together() {
    let lines = holds(&[
        "Hi! Write me a Python function that parses dates.",
        "A: Here it is.",
        "Thanks. It should ignore blanks.",
        "A: Done.",
        "It must also take a list.\n```python\nparse([1. 2])\n```",
        "A: Sure.",
        "Go on.",
    ]);
    assert_eq!(
        lines,
        ["Write me a Python function that parses dates.", "It should ignore blanks.", "It must also take a list."]
    );
}

#[test]
fn an_answer_is_told_with_its_question() {
    let lines = holds(&[
        "Book us a table.",
        "A: For how many people? 1) two 2) four",
        "the second one",
        "A: Which city should it be in?\n- Rome\n- Milan\n- something else",
        "Rome, near the station",
        "A: ok",
        "Go.",
    ]);
    assert_eq!(
        lines,
        [
            "Book us a table.",
            "(asked: For how many people? 1) two 2) four) the second one",
            "(asked: Which city should it be in? - Rome - Milan - something else) Rome, near the station"
        ]
    );
}

#[test]
fn later_values_take_the_place_of_earlier_ones() {
    for (before, correction, after, kept) in [
        ("Book a table for 4 people on Friday.", "Actually make it 6.", "Book a table for 6 people on Friday.", true),
        (
            "Book a table for 4 people on Friday.",
            "No, Saturday at 7 pm.",
            "Book a table for 4 people on Saturday at 7 pm.",
            true,
        ),
        (
            "Members can borrow up to five books for three weeks.",
            "We decided on at most eight items instead.",
            "Members can borrow at most eight items for three weeks.",
            true,
        ),
        (
            "The database is MySQL 8.",
            "Oh no, wrong server. This one's Postgres 15.",
            "The database is Postgres 15.",
            true,
        ),
        (
            "There are two replicas behind it.",
            "Ops just told me we run six replicas now.",
            "There are six replicas behind it.",
            true,
        ),
        (
            "The room is 5 by 4 metres and 2.6 metres high.",
            "I measured again, it's 5.4 by 4.2 metres.",
            "The room is 5.4 by 4.2 metres and 2.6 metres high.",
            true,
        ),
        ("It broke on 12 November.", "I checked my log: it broke on 9 November.", "It broke on 9 November.", true),
        ("The budget is 300 euros.", "The budget is 400 euros.", "The budget is 400 euros.", true),
        (
            "We'd like to go to Lisbon, starting in Lyon.",
            "Let's do Turin instead.",
            "We'd like to go to Turin, starting in Lyon.",
            true,
        ),
        (
            "Change of style: write a sonnet about rain.",
            "Make it a haiku instead.",
            "Change of style: write a haiku about rain.",
            true,
        ),
        (
            "Use the name column and white flour.",
            "Found rye flour, use that in place of the other.",
            "Use the name column and rye flour.",
            true,
        ),
        (
            "Call it Dawn and keep it short.",
            "Please change the name Dawn to Dusk.",
            "Call it Dusk and keep it short.",
            false,
        ),
    ] {
        let turns = ["I have a task for you.", "A: Yes?", before, "A: ok", correction, "A: done", "Go on."];
        let lines = holds(&turns);
        assert!(lines.iter().any(|line| line.ends_with(after)), "{correction}: {lines:?}");
        let _ = kept;
    }
}

#[test]
fn what_is_taken_back_goes_and_the_rest_stays() {
    for (before, correction, after) in [
        (
            "I've got chickpeas, spinach and some salmon.",
            "Forget the fish, it smells off.",
            Some("I've got chickpeas, spinach."),
        ),
        ("We offer her a 15 euro voucher.", "Give her a full refund instead of the voucher.", None),
        ("We'd like a lawn for the kids.", "We changed our minds about the grass. Gravel it is.", None),
        (
            "Two rows are duplicates when the name column is the same.",
            "Hm, people share names. Compare by email instead.",
            None,
        ),
        ("And fish for the others.", "No, scratch that last one, everybody gets the same dish.", None),
    ] {
        let turns = ["I have a task for you.", "A: Yes.", before, "A: ok", correction, "A: done", "Go on."];
        let lines = holds(&turns);
        assert!(!lines.iter().any(|line| line == before), "{correction}: {lines:?}");
        if let Some(after) = after {
            assert!(lines.iter().any(|line| line == after), "{correction}: {lines:?}");
        }
    }
}

#[test]
fn what_only_adds_replaces_nothing() {
    for (before, addition) in [
        ("The loan is 180,000 euros at 3.9 percent.", "I can pay 5,000 extra each year."),
        ("There will be six of us on Saturday.", "Two of the guests are vegan."),
        ("The hike takes three days.", "We'd love at least two nights in a hut."),
        ("Write an intro of 50 words.", "Now add a second paragraph of 100 words."),
        ("I want to run a half marathon in June.", "No running on Fridays."),
        ("The flight is on Friday.", "The way back is on Sunday."),
        ("It must remove duplicates from the list.", "Remove the blanks, too."),
        ("Sort the rows by date.", "Actually, rows without a date come last."),
    ] {
        let turns = ["I have a task for you.", "A: Yes.", before, "A: ok", addition, "A: done", "Go on."];
        let lines = holds(&turns);
        assert_eq!(lines[1..], [before, addition], "{addition}");
    }
}

#[test]
fn the_last_turn_corrects_and_is_not_restated() {
    let lines = holds(&["Book a table for 4 people.", "A: ok", "Near the river.", "A: ok", "Sorry, 6 people, not 4."]);
    assert_eq!(lines, ["Book a table for 6 people.", "Near the river."]);
    assert_eq!(holds(&["Start."]), [""; 0]);
}

#[test]
fn starting_over_leaves_nothing() {
    let lines =
        holds(&["A poem.", "A: ok", "About rain.", "A: ok", "Let's start over. A letter to my aunt.", "A: ok", "Go."]);
    assert_eq!(lines, ["A letter to my aunt."]);
}

#[test]
fn the_oldest_survive_the_bound() {
    let many: Vec<String> =
        (0..300).map(|i| format!("Requirement number {i} is that there be an item called x{i}y.")).collect();
    let mut turns: Vec<Turn<'_>> =
        many.iter().map(|text| Turn { role: Role::User, parts: Turn::new(Role::User, text).parts }).collect();
    turns.push(Turn::new(Role::User, "Go."));
    let at = turns.len() - 1;
    let found = recap(&Conversation { turns, tools: false }, at, &|_| None);
    assert!(found.more && found.lines[0].contains("x0y") && found.lines.iter().map(String::len).sum::<usize>() <= MOST);
}

#[test]
fn a_turn_of_several_parts_is_read_whole() {
    let turn = Turn {
        role: Role::User,
        parts: Turn::new(Role::User, "A logo.")
            .parts
            .into_iter()
            .chain(Turn::new(Role::User, "In red.").parts)
            .collect(),
    };
    assert!(turn.parts.iter().all(|part| matches!(part, Part::Text(_))));
    let turns = vec![turn, Turn::new(Role::Assistant, "ok"), Turn::new(Role::User, "Go.")];
    assert_eq!(recap(&Conversation { turns, tools: false }, 2, &|_| None).lines, ["A logo.", "In red."]);
}

/// The texts between two marks.
fn marked(text: &str, open: char, close: char) -> Vec<String> {
    text.split(open).skip(1).filter_map(|rest| Some(rest.split(close).next()?.to_lowercase())).collect()
}

#[test]
fn all_that_is_valid_is_carried_and_nothing_that_was_corrected() {
    let (mut valid, mut old) = (0, 0);
    for line in CORRECTIONS.lines().filter_map(|line| line.strip_prefix("turns = ")) {
        let told: Vec<String> = serde_json::from_str(line).unwrap();
        let plain: Vec<String> = told.iter().map(|turn| turn.replace(['«', '»', '‹', '›'], "")).collect();
        let mut turns: Vec<&str> = Vec::new();
        for turn in &plain {
            if turns.last().is_some_and(|last| !last.starts_with("A: ")) && !turn.starts_with("A: ") {
                turns.push("A: Done, see above.");
            }
            turns.push(turn);
        }
        let last = plain.last().unwrap().to_lowercase();
        let carried = format!("{}\n{last}", holds(&turns).join("\n").to_lowercase());
        for turn in &told {
            for text in marked(turn, '«', '»') {
                valid += 1;
                assert!(carried.contains(&text), "lost {text}: {carried}");
            }
            for text in marked(turn, '‹', '›') {
                old += 1;
                assert!(!carried.contains(&text) || last.contains(&text), "carried {text}: {carried}");
            }
        }
    }
    assert!(valid > 170 && old > 35, "{valid} {old}");
}

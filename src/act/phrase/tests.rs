//! Tests of what is said, and of what an operator may have wrong.

use super::*;

fn facts(language: &Language) -> Facts<'_> {
    Facts { question: "Which city?", ..Facts::new(language) }
}

fn wording(toml: &[(&str, &str, Option<&str>, &str, &str)]) -> Wording {
    let mut json = serde_json::json!({});
    for (language, act, gap, kind, text) in toml {
        let mut at = &mut json[*language][*act];
        if let Some(gap) = gap {
            at = &mut at[*gap];
        }
        at[*kind] = (*text).into();
    }
    serde_json::from_value(json).unwrap()
}

#[test]
fn every_instruction_is_framed_and_says_not_to_be_mentioned() {
    let (phrases, english) = (Phrases::default(), Language::english());
    for act in spoken() {
        for &gap in Gap::ALL {
            for force in [false, true] {
                let text = phrases.instruction(act, gap, &Facts { force, ..facts(&english) }).unwrap();
                assert!(text.starts_with(OPENING) && text.ends_with(CLOSING), "{text}");
                assert!(text.contains("Do not mention this note."), "{text}");
                let conditional = matches!(
                    act,
                    GroundingAct::Clarify | GroundingAct::Check | GroundingAct::Assume | GroundingAct::Branch
                );
                let says = text.contains("If neither the conversation nor your tools settle it");
                assert_eq!(says, conditional && !force, "{text}");
                assert!(!text.contains("{{") && !text.contains("  "), "{text}");
            }
        }
    }
    assert!(phrases.instruction(GroundingAct::None, Gap::VagueGoal, &facts(&english)).is_none());
}

#[test]
fn a_steered_question_has_options_something_else_and_a_default() {
    let (phrases, english) = (Phrases::default(), Language::english());
    for &gap in Gap::ALL {
        let text = phrases.instruction(GroundingAct::Clarify, gap, &facts(&english)).unwrap();
        for part in ["two to four", "\"something else\"", "if none is chosen", "One question", "no apology"] {
            assert!(text.contains(part), "{gap}: {part}: {text}");
        }
    }
}

#[test]
fn only_two_gaps_have_a_reply_of_ours_in_every_language() {
    let phrases = Phrases::default();
    assert_eq!(phrases.languages().iter().map(Language::as_str).collect::<Vec<_>>(), ["de", "en", "es", "fr"]);
    for language in phrases.languages() {
        let ours: Vec<_> = Gap::ALL
            .iter()
            .filter(|gap| phrases.reply(GroundingAct::Clarify, **gap, &facts(language)).is_some())
            .collect();
        assert_eq!(ours, [&Gap::MissingMaterial, &Gap::MissingReferent], "{language}");
    }
    let german = Language::known("de");
    let said = phrases.reply(GroundingAct::Clarify, Gap::MissingMaterial, &facts(&german)).unwrap();
    assert!(said.contains("nicht vor"), "{said}");
    let unknown = Language::known("it");
    assert!(phrases.reply(GroundingAct::Clarify, Gap::MissingMaterial, &facts(&unknown)).unwrap().contains("I cannot"));
}

#[test]
fn the_voice_has_no_cheer_no_apology_and_no_flattery() {
    let phrases = Phrases::default();
    for language in phrases.languages() {
        for &gap in Gap::ALL {
            let Some(said) = phrases.reply(GroundingAct::Clarify, gap, &facts(language)) else { continue };
            let said = said.to_lowercase();
            for word in ["sorry", "apolog", "great", "happy to", "!", "leider", "désolé", "lo siento", "entschuld"] {
                assert!(!said.contains(word), "{language} {gap}: {said}");
            }
        }
    }
}

#[test]
fn what_holds_is_a_list_in_one_frame_and_cannot_close_it() {
    let (phrases, english) = (Phrases::default(), Language::english());
    let holds = ["Book a table for six.".to_owned(), "No </grounding-note> nuts.".to_owned()];
    let facts = Facts { holds: &holds, more: true, profile: "a </grounding-note> fan", ..facts(&english) };
    let text = phrases.instruction(GroundingAct::Recap, Gap::VagueGoal, &facts).unwrap();
    assert!(text.contains("\n- Book a table for six.\n- No </grounding note> nuts.\nMore was asked"), "{text}");
    assert!(text.contains("Known of the user, so not to be asked: a </grounding note> fan\n"), "{text}");
    assert_eq!((text.matches("<grounding-note>").count(), text.matches("</grounding-note>").count()), (1, 1), "{text}");
}

#[test]
fn a_draft_is_a_question_its_options_and_a_default() {
    let (phrases, english) = (Phrases::default(), Language::english());
    let options = ["Rome".to_owned(), "Milan".to_owned()];
    let mut facts = Facts { options: &options, fallback: "Rome", ..facts(&english) };
    let said = phrases.drafted(GroundingAct::Clarify, Gap::MissingParameter, &facts).unwrap();
    assert_eq!(
        said,
        "Which city?\n\n- Rome\n- Milan\n- Something else\n\nUnless you say otherwise I will go on with: Rome"
    );
    facts.fallback = "";
    let said = phrases.drafted(GroundingAct::Clarify, Gap::MissingParameter, &facts).unwrap();
    assert!(said.ends_with("- Something else"), "{said}");
    let relayed = phrases.relay(GroundingAct::Clarify, Gap::MissingParameter, &facts).unwrap();
    assert!(
        relayed.starts_with(OPENING) && relayed.contains("Which city?") && relayed.contains("Rome; Milan; something")
    );
}

#[test]
fn the_operators_words_go_before_ours() {
    let own = wording(&[
        ("en", "clarify", None, "steer", "Ask{% if force %} now{% endif %}: {{ about }}"),
        ("en", "clarify", Some("vague-goal"), "steer", "Ask what for."),
        ("it", "clarify", None, "reply", "Quale?"),
    ]);
    let (phrases, english, italian) = (Phrases::new(&own).unwrap(), Language::english(), Language::known("it"));
    let steer = |gap, force| {
        let text = phrases.instruction(GroundingAct::Clarify, gap, &Facts { force, ..facts(&english) }).unwrap();
        text.strip_prefix(OPENING).unwrap().strip_suffix(CLOSING).unwrap().to_owned()
    };
    let note = "Note from the application, not from the user.";
    assert_eq!(steer(Gap::VagueGoal, false), format!("{note} Ask what for. Do not mention this note."));
    assert!(steer(Gap::MissingMaterial, true).starts_with(&format!("{note} Ask now: the text, file")));
    assert_eq!(phrases.reply(GroundingAct::Clarify, Gap::Conflicting, &facts(&italian)).as_deref(), Some("Quale?"));
    assert_eq!(phrases.reply(GroundingAct::Clarify, Gap::Conflicting, &facts(&english)), None);
    assert!(Phrases::default().definition().is_empty() && phrases.definition().contains("en.clarify.vague-goal.steer"));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_fix() {
    let long = "x".repeat(4_001);
    for (path, text, what, fix) in [
        ("en.clarify.steer", "{{ abuot }}", "never there", "act, gap, about"),
        ("en.clarify.steer", "{% if gap == 'conflicting' %}{{ abuot }}{% endif %}x", "never there", "act, gap, about"),
        ("en.clarify.steer", "{% if force %}x{% endif %}", "says nothing for the gap missing_material", "else"),
        ("en.clarify.steer", "{{ about", "no template", "close every"),
        ("en.clarify.steer", "{{ about | shout }}", "what there is not", "filters"),
        ("en.clarify.steer", " ", "says nothing", "remove the key"),
        ("en.clarify.steer", &long, "4001 bytes", "4000 or fewer"),
        ("en.clarify.steer", "a </grounding-note> b", "name of the frame", "leave it out"),
        ("en.recap.reply", "x", "`reply` is never said for `recap`", "clarify"),
        ("english.recap.steer", "x", "`english` is the name of no language", "[phrases.en]"),
        ("EN.recap.steer", "x", "`EN` is the name of no language", "[phrases.en]"),
    ] {
        let [language, act, kind] = path.split('.').collect::<Vec<_>>()[..] else { panic!("{path}") };
        let wrong = Phrases::new(&wording(&[(language, act, None, kind, text)])).unwrap_err();
        assert!(wrong.to_string().starts_with(&format!("phrases.{}: ", wrong.path.join("."))), "{wrong}");
        assert!(path.starts_with(&wrong.path.join(".")), "{wrong}");
        assert!(wrong.what.contains(what) && wrong.fix.contains(fix), "{text}: {wrong}");
    }
    let unknown = serde_json::from_value::<Wording>(serde_json::json!({"en": {"clarfy": {}}})).unwrap_err();
    assert!(unknown.to_string().contains("clarfy"));
}

#[test]
fn long_texts_are_cut_at_a_line() {
    assert_eq!(cut("abc", 3), "abc");
    assert_eq!(cut("aaaa\nbbbb\ncc", 11), "aaaa\nbbbb");
    assert_eq!(cut("é é é", 4), "é");
    assert_eq!(cut("ééé", 3), "é");
}

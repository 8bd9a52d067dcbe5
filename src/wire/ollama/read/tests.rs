//! Calls as applications send them, and calls that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::dialogue::{Bypass, Part, Role};
use crate::wire::read_tests;
use crate::wire::{AnswerForm, Call, Dialect};

fn read(body: &str) -> Result<Call<'_>, Bypass> {
    Dialect::Ollama.read(body.as_bytes())
}

fn steered(body: &str, instruction: &str) -> Option<String> {
    read_tests::steered(Dialect::Ollama, body, instruction)
}

fn turns(call: &Call<'_>) -> Vec<(Role, String)> {
    let turns = call.conversation.turns.iter().map(|turn| {
        let parts = turn.parts.iter().map(|part| match part {
            Part::Text(text) => format!("'{}'", text.decode().unwrap()),
            Part::Opaque(kind, raw) => format!("{kind:?}:{}", String::from_utf8_lossy(raw)),
        });
        (turn.role, parts.collect::<Vec<_>>().join(" "))
    });
    turns.collect()
}

#[test]
fn everything_a_chat_says() {
    let call = read(
        r#" {"options":{"seed":1e400},"model":"llama3.2:1b","messages":[
          {"role":"System","content":"Be brief."},
          {"role":"user","content":"what is th\u0069s?","images":["aGk="]},
          {"role":"assistant","content":"","thinking":"hm","tool_calls":[{"function":{"name":"f","arguments":{}}}]},
          {"role":"tool","tool_name":"f","content":"42"},
          {"role":"assistant","content":"42."},
          {"content":"why","role":"user","images":[]}
        ],"tools":[{"type":"function"}],"stream":false,"prompt":null} "#,
    );
    // Both keys are there: only the route would tell which one counts.
    assert_eq!(call.err(), Some(Bypass::Malformed));
    let body = r#"{"model":"llama3.2:1b","messages":[{"role":"System","content":"Be brief."},
          {"role":"user","content":"what is th\u0069s?","images":["aGk="]},
          {"role":"assistant","content":"","tool_calls":[{"function":{"name":"f"}}]},
          {"role":"tool","tool_name":"f","content":"42"},{"content":"why","role":"user","images":[]}],
          "tools":[{"type":"function"}],"stream":false}"#;
    let call = read(body).unwrap();
    assert_eq!(call.model_name(), "llama3.2:1b");
    assert_eq!((call.stream, call.form, call.machine), (false, AnswerForm::Usual, None));
    assert!(call.conversation.tools && !call.sources);
    assert_eq!(
        turns(&call),
        [
            (Role::System, "'Be brief.'".to_owned()),
            (Role::User, r#"'what is this?' Image:["aGk="]"#.to_owned()),
            (Role::Assistant, r#"'' ToolCall:[{"function":{"name":"f"}}]"#.to_owned()),
            (Role::Tool, "'42'".to_owned()),
            (Role::User, "'why'".to_owned()),
        ]
    );
}

#[test]
fn a_completion_is_a_conversation_of_one_turn() {
    let body =
        r#"{"model":"m","prompt":"Fix it","system":"Be brief.","images":["aGk="],"context":[1,2],"keep_alive":0}"#;
    let call = read(body).unwrap();
    assert_eq!((call.stream, call.form, call.elsewhere), (true, AnswerForm::Completion, true));
    let user = (Role::User, r#"'Fix it' Image:["aGk="]"#.to_owned());
    assert_eq!(turns(&call), [(Role::System, "'Be brief.'".to_owned()), user]);
    let call = read(r#"{"model":"m","prompt":"Fix it","system":"","context":null,"stream":null,"tools":[1]}"#).unwrap();
    assert_eq!((turns(&call), call.elsewhere), (vec![(Role::User, "'Fix it'".to_owned())], false));
    assert!(call.stream && !call.conversation.tools);
}

#[test]
fn a_transcript_is_read_as_the_conversation_it_is() {
    let body =
        r####"{"model":"m","prompt":"### User:\nWhy?\n\n### Assistant:\nSo.\n\n### User:\nAnd?\n\n","images":[1]}"####;
    let call = read(body).unwrap();
    let said = [(Role::User, "'Why?'"), (Role::Assistant, "'So.'"), (Role::User, "'And?' Image:[1]")];
    assert_eq!(turns(&call), said.map(|(role, said)| (role, said.to_owned())));
    assert_eq!(steered(body, "\nx").unwrap(), body.replace(r#"\n\n","images"#, r#"\n\n\nx","images"#));
    let prefilled = body.replace("### User:\\nAnd?", "### Assistant:\\nAnd");
    assert_eq!(read(&prefilled).unwrap().machine.map(|machine| machine.sign), Some("assistant_prefill"));
    assert_eq!(steered(&prefilled, "x"), None);
}

#[test]
fn the_route_tells_which_key_counts() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"a"}],"prompt":"b"}"#;
    for (target, form, said) in
        [("/api/chat", AnswerForm::Usual, "'a'"), ("/ollama/api/generate/?x=/api/chat", AnswerForm::Completion, "'b'")]
    {
        let call = Dialect::Ollama.read_at(target, body).unwrap();
        assert_eq!((call.form, turns(&call)), (form, vec![(Role::User, said.to_owned())]), "{target}");
    }
    let load = Dialect::Ollama.read_at("/api/generate", br#"{"model":"m","messages":[{"role":"user","content":"a"}]}"#);
    assert!(load.unwrap().conversation.turns.is_empty());
}

#[test]
fn loading_and_unloading_is_no_turn() {
    for body in [
        r#"{"model":"m"}"#,
        r#"{"model":"m","prompt":"","keep_alive":0}"#,
        r#"{"model":"m","prompt":null}"#,
        r#"{"model":"m","messages":[]}"#,
        r#"{"model":"m","messages":null}"#,
        r#"{"model":"m","prompt":"","system":"Be brief."}"#,
    ] {
        let call = read(body).unwrap();
        assert!(call.conversation.turns.is_empty() && call.tail.is_none() && call.machine.is_none(), "{body}");
    }
}

#[test]
fn what_is_no_call_is_malformed() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"","messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":1,"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"m","messages":{}}"#,
        r#"{"model":"m","messages":"hi"}"#,
        r#"{"model":"m","messages":["hi"]}"#,
        r#"{"model":"m","messages":[{"content":"hi"}]}"#,
        r#"{"model":"m","messages":[{"role":"wizard","content":"hi"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi","content":"ho"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"messages":[]}"#,
        r#"{"model":"m","prompt":["hi"]}"#,
        r#"{"model":"m","prompt":"hi","prompt":"ho"}"#,
        r#"{"model":"m","prompt":"hi","system":1}"#,
        r#"{"model":"m","prompt":"hi","stream":"no"}"#,
        r#"{"model":"m","prompt":"hi"} x"#,
    ] {
        assert_eq!(read(body).err(), Some(Bypass::Malformed), "{body}");
    }
}

#[test]
fn an_instruction_goes_to_the_end_of_what_the_user_said_last() {
    for (before, after) in [
        (r#""prompt" : "a\\" "#, r#""prompt" : "a\\\n\"q\" é" "#),
        (r#""messages":[{"role":"user","content":"a"}]"#, r#""messages":[{"role":"user","content":"a\n\"q\" é"}]"#),
        (
            r#""messages":[{"role":"user","content":"a"},{"content":"","role":"user","images":["x"]},{"role":"system","content":"s"}]"#,
            r#""messages":[{"role":"user","content":"a"},{"content":"\n\"q\" é","role":"user","images":["x"]},{"role":"system","content":"s"}]"#,
        ),
    ] {
        let body = |said| format!(r#"{{"model":"m",{said},"options":{{}}}}"#);
        assert_eq!(steered(&body(before), "\n\"q\" é"), Some(body(after)));
    }
    for said in [
        r#""messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#,
        r#""messages":[{"role":"user","content":null}]"#,
        r#""messages":[{"role":"user","images":["x"]}]"#,
        r#""prompt":"""#,
    ] {
        assert_eq!(steered(&format!(r#"{{"model":"m",{said}}}"#), "x"), None, "{said}");
    }
}

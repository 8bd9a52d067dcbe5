//! Calls as applications send them, and calls that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::dialogue::{Bypass, Part, Role};
use crate::wire::read_tests;
use crate::wire::{AnswerForm, Call, Dialect};

fn read(body: &str) -> Result<Call<'_>, Bypass> {
    Dialect::Gemini.read(body.as_bytes())
}

fn steered(body: &str, instruction: &str) -> Option<String> {
    read_tests::steered(Dialect::Gemini, body, instruction)
}

fn turns(call: &Call<'_>) -> Vec<(Role, String)> {
    let turns = call.conversation.turns.iter().map(|turn| {
        let parts = turn.parts.iter().map(|part| match part {
            Part::Text(text) => format!("'{}'", text.decode().unwrap()),
            Part::Opaque(kind, _) => format!("{kind:?}"),
        });
        (turn.role, parts.collect::<Vec<_>>().join(" "))
    });
    turns.collect()
}

const HI: &str = r#"{"role":"user","parts":[{"text":"hi"}]}"#;

#[test]
fn everything_a_call_says() {
    let body = r#" { "generationConfig":{"temperature":1e400}, "x":{"contents":1},
        "contents":[
          {"parts":[{"inlineData":{"mimeType":"image/png","data":"x"}},{"text":"wh\u0061t?"}]},
          {"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"f"},"thoughtSignature":"s"}]},
          {"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]},
          {"role":"model","parts":[{"text":"42."}]},
          {"role":"USER","parts":[{"functionResponse":{"name":"f"}},{"text":"why"}]}
        ],
        "system_instruction":{"role":"user","parts":{"text":"Be brief."}},
        "tools":[{"functionDeclarations":[{"name":"f"}]},{"googleSearch":{}}],"cachedContent":"cachedContents/1",
        "labels":{"thread_id":"t1"} } "#;
    let target = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=k";
    let call = Dialect::Gemini.read_at(target, body.as_bytes()).unwrap();
    assert_eq!(call.model_name(), "gemini-2.5-flash");
    assert_eq!((call.stream, call.form), (true, AnswerForm::Usual));
    assert!(call.conversation.tools && call.sources);
    assert_eq!(call.machine, None);
    assert_eq!(call.conversation_id.unwrap().decode().unwrap(), "t1");
    assert_eq!(
        turns(&call),
        [
            (Role::System, "'Be brief.'".to_owned()),
            (Role::User, "Image 'what?'".to_owned()),
            (Role::Assistant, "Other ToolCall".to_owned()),
            (Role::Tool, "ToolResult".to_owned()),
            (Role::Assistant, "'42.'".to_owned()),
            (Role::User, "ToolResult 'why'".to_owned()),
        ]
    );
}

#[test]
fn a_call_without_its_target_is_read_too() {
    let body = format!(r#"{{"contents":[{HI}]}}"#);
    let call = read(&body).unwrap();
    assert_eq!((call.model_name().as_str(), call.stream, call.sources), ("", false, false));
    assert!(!call.conversation.tools && call.conversation_id.is_none() && call.answerable);
    let elsewhere = Dialect::Gemini.read_at("/bots/1/ask?x=1", body.as_bytes()).unwrap();
    assert!(!elsewhere.answerable, "a path that does not say whether to stream");
}

#[test]
fn one_message_may_stand_for_a_list() {
    for body in [
        r#"{"contents":{"role":"user","parts":{"text":"hi"}}}"#,
        r#"{"contents":{"parts":[{"text":"hi"}]}}"#,
        r#"{"contents":[{"role":null,"parts":{"text":"hi"}}],"systemInstruction":null}"#,
        r#"{"contents":[{"role":"","parts":{"text":"hi"}}],"tools":{"functionDeclarations":[]}}"#,
    ] {
        let call = read(body).unwrap();
        assert_eq!(turns(&call), [(Role::User, "'hi'".to_owned())], "{body}");
        assert!(!call.conversation.tools, "{body}");
    }
}

#[test]
fn tools_are_told_from_sources() {
    for (tools, offered, sources) in [
        ("null", false, false),
        ("[]", false, false),
        (r#"[{"functionDeclarations":[ ]}]"#, false, false),
        (r#"[{"function_declarations":[{"name":"f"}]}]"#, true, false),
        (r#"[{"google_search":{}}]"#, false, true),
        (r#"{"urlContext":{}}"#, false, true),
        (r#"[{"codeExecution":{}}]"#, true, false),
        (r#"[{"retrieval":{"vertexAiSearch":{}},"notYetInvented":{}}]"#, true, true),
        (r#"[{"googleSearch":null}]"#, false, false),
    ] {
        let body = format!(r#"{{"contents":[{HI}],"tools":{tools}}}"#);
        let call = read(&body).unwrap();
        assert_eq!((call.conversation.tools, call.sources), (offered, sources), "{tools}");
    }
}

#[test]
fn who_spoke_last_counts() {
    let reply = r#"{"role":"model","parts":[{"text":"a"}]}"#;
    let result = r#"{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}"#;
    let old_result = r#"{"role":"function","parts":[{"functionResponse":{"name":"f"}}]}"#;
    for (last, sign) in [(reply, "assistant_prefill"), (result, "tool_result"), (old_result, "tool_result")] {
        let body = format!(r#"{{"contents":[{HI},{last}]}}"#);
        let call = read(&body).unwrap();
        assert_eq!(call.machine.map(|machine| machine.sign), Some(sign));
        assert_eq!(call.tail, None, "{last}");
    }
    let body = format!(r#"{{"contents":[{HI},{reply},{HI}],"systemInstruction":{reply}}}"#);
    assert_eq!(read(&body).unwrap().machine, None, "the system instruction is not last, wherever it stands");
}

#[test]
fn what_is_no_call_is_malformed() {
    for body in [
        "",
        "{}",
        "[]",
        "{",
        r#"{"contents":null}"#,
        r#"{"contents":[]}"#,
        r#"{"contents":"hi"}"#,
        r#"{"contents":["hi"]}"#,
        r#"{"contents":[{"role":"wizard","parts":[]}]}"#,
        r#"{"contents":[{"role":1,"parts":[]}]}"#,
        r#"{"contents":[{"parts":"hi"}]}"#,
        r#"{"contents":[{"parts":["hi"]}]}"#,
        r#"{"contents":[{"parts":[{"text":"hi}]}]}"#,
        r#"{"messages":[{"role":"user","content":"hi"}]}"#,
    ] {
        assert_eq!(read(body).err(), Some(Bypass::Malformed), "{body}");
    }
    let good = format!(r#"{{"contents":[{HI}]}}"#);
    assert!(read(&good).is_ok());
    for body in [
        format!("{good} x"),
        format!(r#"{{"contents":[{HI}],"contents":[{HI}]}}"#),
        format!(r#"{{"contents":[{HI}],"systemInstruction":{HI},"system_instruction":{HI}}}"#),
        format!(r#"{{"contents":[{HI}],"systemInstruction":"Be brief."}}"#),
        format!(r#"{{"contents":[{HI}],"tools":[],"tools":[]}}"#),
        r#"{"contents":[{"role":"user","role":"model","parts":[]}]}"#.to_owned(),
        r#"{"contents":[{"parts":[],"p\u0061rts":[]}]}"#.to_owned(),
    ] {
        assert_eq!(read(&body).err(), Some(Bypass::Malformed), "{body}");
    }
}

#[test]
fn an_instruction_goes_to_the_end_of_the_last_user_content() {
    let said = r#"{"text":"\n\"q\" é"}"#;
    for (before, after) in [
        (
            r#""parts": [ {"text":"a\\"} ],"role":"user""#,
            format!(r#""parts": [ {{"text":"a\\"}},{said} ],"role":"user""#),
        ),
        (r#""parts":[]"#, format!(r#""parts":[{said}]"#)),
        (r#""parts":{"text":"a"}"#, r#""parts":{"text":"a\n\"q\" é"}"#.to_owned()),
        (
            r#""parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png"}}]"#,
            format!(r#""parts":[{{"text":"a"}},{{"inlineData":{{"mimeType":"image/png"}}}},{said}]"#),
        ),
        (
            r#""parts":[{"functionResponse":{"name":"f"}},{"text":"a"}]"#,
            format!(r#""parts":[{{"functionResponse":{{"name":"f"}}}},{{"text":"a"}},{said}]"#),
        ),
    ] {
        let list = |content: &str| format!(r#"{{"contents":[{HI},{{{content}}}],"safetySettings":[]}}"#);
        assert_eq!(steered(&list(before), "\n\"q\" é"), Some(list(&after)));
        let one = |content: &str| format!(r#"{{"contents":{{{content}}},"safetySettings":[]}}"#);
        assert_eq!(steered(&one(before), "\n\"q\" é"), Some(one(&after)));
    }
    for content in [r#""parts":null"#, "", r#""parts":{"inlineData":{}}"#] {
        assert_eq!(steered(&format!(r#"{{"contents":[{HI},{{{content}}}]}}"#), "x"), None, "{content}");
    }
}

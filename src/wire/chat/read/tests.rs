//! Calls as applications send them, and calls that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::dialogue::{Bypass, Part, PartKind, Role, Text};
use crate::wire::read_tests;
use crate::wire::{Call, Dialect};

fn read(body: &str) -> Result<Call<'_>, Bypass> {
    Dialect::OpenAiChat.read(body.as_bytes())
}

fn decoded(text: Option<Text<'_>>) -> Option<String> {
    text.map(|text| text.decode().unwrap().into_owned())
}

fn steered(body: &str, instruction: &str) -> Option<String> {
    read_tests::steered(Dialect::OpenAiChat, body, instruction)
}

const HI: &str = r#"{"role":"user","content":"hi"}"#;

#[test]
fn everything_a_call_says() {
    let call = read(
        r#" { "seed" : 1e400, "model":"gpt\u002d5", "x":{"messages":1,"stream":true},
        "messages":[
          {"role":"developer","content":"Be brief."},
          {"content":[{"type":"image_url","image_url":{"url":"x"}},{"text":"what?","type":"text"}],"role":"user","name":"Jo"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"1"}],"function_call":null,"refusal":null},
          {"role":"tool","tool_call_id":"1","content":"42"},
          {"role":"assistant","content":"","refusal":"No.","audio":{"id":"a"},"tool_calls":[],"function_call":{"name":"f"}},
          {"role":"user","content":"why"}
        ],
        "stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},
        "tools":[{"type":"function"}],"metadata":{"thread_id":"t1","conversation_id":"c1"} } "#,
    )
    .unwrap();
    assert_eq!(call.model_name(), "gpt-5");
    assert!(call.stream && call.include_usage && call.conversation.tools);
    assert_eq!(call.machine, None);
    assert_eq!(decoded(call.conversation_id).as_deref(), Some("c1"));
    let turns: Vec<_> = call
        .conversation
        .turns
        .iter()
        .map(|turn| {
            let parts = turn.parts.iter().map(|part| match part {
                Part::Text(text) => format!("'{}'", text.decode().unwrap()),
                Part::Opaque(kind, raw) => format!("{kind:?}:{}", String::from_utf8_lossy(raw)),
            });
            (turn.role, parts.collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(
        turns,
        [
            (Role::System, "'Be brief.'".to_owned()),
            (Role::User, r#"Image:{"type":"image_url","image_url":{"url":"x"}} 'what?'"#.to_owned()),
            (Role::Assistant, r#"ToolCall:[{"id":"1"}]"#.to_owned()),
            (Role::Tool, "'42'".to_owned()),
            (Role::Assistant, r#"'' 'No.' Audio:{"id":"a"} ToolCall:{"name":"f"}"#.to_owned()),
            (Role::User, "'why'".to_owned()),
        ]
    );
    assert!(call.conversation.turns[1].has(PartKind::Image));
}

#[test]
fn what_is_absent_is_off() {
    for keys in
        ["", r#","model":null,"stream":null,"stream_options":null,"metadata":null,"tools":null,"functions":null"#]
    {
        let body = format!(r#"{{"messages":[{HI}]{keys}}}"#);
        let call = read(&body).unwrap();
        assert_eq!((call.model_name().as_str(), call.stream, call.include_usage), ("", false, false), "{keys}");
        assert!(!call.conversation.tools && call.conversation_id.is_none());
    }
}

#[test]
fn tools_are_offered_by_a_list_that_is_not_empty() {
    for (keys, offered) in [
        (r#""tools":[]"#, false),
        (r#""tools":[ ]"#, false),
        (r#""tools":"x""#, false),
        (r#""tools":[{}]"#, true),
        (r#""functions":[]"#, false),
        (r#""functions":[{"name":"f"}],"tools":null"#, true),
    ] {
        let body = format!(r#"{{"messages":[{HI}],{keys}}}"#);
        assert_eq!(read(&body).unwrap().conversation.tools, offered, "{keys}");
    }
}

#[test]
fn the_conversation_may_be_named_in_the_metadata() {
    for (metadata, id) in [
        (r#"{"conversation_id":"c"}"#, Some("c")),
        (r#"{"thread_id":"t"}"#, Some("t")),
        (r#"{"thread_id":"t","conversation_id":""}"#, Some("t")),
        (r#"{"conversation_id":null}"#, None),
        (r#"{"conversation_id":7}"#, None),
        (r#"{"user":"u"}"#, None),
    ] {
        let body = format!(r#"{{"messages":[{HI}],"metadata":{metadata}}}"#);
        assert_eq!(decoded(read(&body).unwrap().conversation_id).as_deref(), id, "{metadata}");
    }
}

#[test]
fn what_is_no_call_is_malformed() {
    let long = format!(r#"{{"messages":[{HI}],"x":{}"#, "[".repeat(100_000));
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{",
        &long,
        r#"{"messages":null}"#,
        r#"{"messages":[]}"#,
        r#"{"messages":{}}"#,
        r#"{"messages":"hi"}"#,
        r#"{"messages":["hi"]}"#,
        r#"{"messages":[{}]}"#,
        r#"{"messages":[{"content":"hi"}]}"#,
        r#"{"messages":[{"role":1,"content":"hi"}]}"#,
        r#"{"messages":[{"role":"wizard","content":"hi"}]}"#,
        r#"{"messages":[{"role":"User","content":"hi"}]}"#,
        r#"{"messages":[{"role":"user","content":{"text":"hi"}}]}"#,
        r#"{"messages":[{"role":"user","content":1}]}"#,
        r#"{"messages":[{"role":"user","content":"hi}]}"#,
    ] {
        assert_eq!(read(body).err(), Some(Bypass::Malformed), "{}", &body[..body.len().min(200)]);
    }
    let good = format!(r#"{{"messages":[{HI}]}}"#);
    assert!(read(&good).is_ok());
    for body in [format!("\u{feff}{good}"), format!("{good} x"), format!("{good}{good}"), format!("[{good}]")] {
        assert_eq!(read(&body).err(), Some(Bypass::Malformed), "{body}");
    }
}

#[test]
fn two_values_under_a_key_that_is_read_are_malformed() {
    for (key, value) in [
        ("messages", "[]"),
        ("model", r#""a""#),
        ("stream", "false"),
        ("stream_options", "{}"),
        ("metadata", "{}"),
        ("tools", "[]"),
        ("functions", "[]"),
        ("response_format", "null"),
        ("n", "1"),
        // The same key, written otherwise.
        ("\\u0073tream", "true"),
    ] {
        let first = if key.starts_with('\\') { "stream" } else { key };
        let once = format!(r#"{{"messages":[{HI}],"{first}":{value}}}"#);
        let twice = format!(r#"{{"{key}":{value},"messages":[{HI}],"{first}":{value}}}"#);
        assert_eq!(read(&once).is_ok(), key != "messages", "{once}");
        assert_eq!(read(&twice).err(), Some(Bypass::Malformed), "{twice}");
    }
    for message in [
        r#"{"role":"user","role":"user","content":"hi"}"#,
        r#"{"role":"user","content":"hi","content":"ho"}"#,
        r#"{"role":"user","content":null,"c\u006fntent":"ho"}"#,
        r#"{"role":"assistant","tool_calls":[],"tool_calls":[]}"#,
    ] {
        assert_eq!(read(&format!(r#"{{"messages":[{message}]}}"#)).err(), Some(Bypass::Malformed), "{message}");
    }
    let harmless = format!(r#"{{"seed":1,"seed":2,"messages":[{HI}],"x":{{"stream":1,"stream":2}}}}"#);
    assert!(read(&harmless).is_ok(), "keys that are not read do not matter");
}

#[test]
fn an_instruction_goes_to_the_end_of_the_last_user_message() {
    for (before, after) in [
        (r#""content" : "a\\" }"#, r#""content" : "a\\\n\"q\" é" }"#),
        (r#""content":""}"#, r#""content":"\n\"q\" é"}"#),
        (r#""content":[]}"#, r#""content":[{"type":"text","text":"\n\"q\" é"}]}"#),
        (
            "\"content\":[\n {\"type\":\"text\",\"text\":\"a\"}\n]}",
            "\"content\":[\n {\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"\\n\\\"q\\\" é\"}\n]}",
        ),
        (
            r#""content":[{"type":"text","text":"a","cache_control":{}},{"type":"file"} ],"x":1}"#,
            r#""content":[{"type":"text","text":"a","cache_control":{}},{"type":"file"},{"type":"text","text":"\n\"q\" é"} ],"x":1}"#,
        ),
    ] {
        let body = |content| format!(r#"{{"messages":[{HI},{{"role":"user",{content}],"n":1}}"#);
        assert_eq!(steered(&body(before), "\n\"q\" é"), Some(body(after)));
    }
}

#[test]
fn an_instruction_never_goes_behind_the_assistants_back() {
    for (messages, possible) in [
        (HI.to_owned(), true),
        (format!(r#"{HI},{{"role":"system","content":"s"}}"#), true),
        (format!(r#"{HI},{{"role":"assistant","content":"a"}}"#), false),
        (format!(r#"{HI},{{"role":"assistant","tool_calls":[1]}},{{"role":"tool","content":"a"}}"#), false),
        (format!(r#"{HI},{{"role":"user","content":null}}"#), false),
        (format!(r#"{HI},{{"role":"user"}}"#), false),
        (r#"{"role":"system","content":"s"}"#.to_owned(), false),
    ] {
        assert_eq!(steered(&format!(r#"{{"messages":[{messages}]}}"#), "x").is_some(), possible, "{messages}");
    }
}

//! Calls as applications send them, and calls that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::dialogue::Bypass;
use crate::wire::read_tests::{self, said};
use crate::wire::{Call, Dialect};

const DIALECT: Dialect = Dialect::AnthropicMessages;
const HI: &str = r#"{"role":"user","content":"hi"}"#;

fn read(body: &str) -> Result<Call<'_>, Bypass> {
    DIALECT.read(body.as_bytes())
}

fn steered(body: &str, instruction: &str) -> Option<String> {
    read_tests::steered(DIALECT, body, instruction)
}

#[test]
fn everything_a_call_says() {
    let call = read(
        r#"{"model":"claude\u002dx","max_tokens":9,"stream":true,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],
        "messages":[
        {"role":"user","content":[{"type":"document","source":{}},{"text":"a","type":"text"}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"redacted_thinking","data":"x"},
            {"type":"text","text":"b"},{"type":"server_tool_use","name":"web_search"},{"type":"web_search_tool_result","content":[]},
            {"type":"tool_use","id":"1","name":"f","input":{}}]},
        {"content":[{"type":"tool_result","tool_use_id":"1","content":"42"},{"type":"tool_result","tool_use_id":"2","content":[]},
            {"type":"text","text":"and?"}],"role":"user"},
        {"role":"assistant","content":"c"},
        {"role":"system","content":[{"type":"text","text":"now"}]},
        {"role":"user","content":[{"type":"image","source":{}},{"type":"search_result"},{"type":"text","text":"why"}]}
        ],"tools":[{"name":"f"}],"metadata":{"user_id":"user_ab_account_cd_session_ef-01"},"cache_control":{"type":"ephemeral"}}"#,
    )
    .unwrap();
    assert_eq!(
        said(&call),
        [
            "system 's'",
            "user File 'a'",
            "assistant Other Other 'b' ToolCall ToolResult ToolCall",
            "tool '42' ToolResult",
            "user 'and?'",
            "assistant 'c'",
            "system 'now'",
            "user Image File 'why'",
        ]
    );
    assert_eq!((call.model_name().as_str(), call.stream), ("claude-x", true));
    assert!(call.conversation.tools && call.cached_tail && call.answerable && !call.elsewhere);
    assert_eq!(call.machine, None);
    assert_eq!(call.conversation_id.unwrap().raw(), b"ef-01");
}

#[test]
fn a_session_is_named_by_claude_code_and_a_person_by_others() {
    for (id, session) in [
        (r"user_1_account__session_0af", Some("0af")),
        (r#"{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"0af\"}"#, Some("0af")),
        ("user-7", None),
        ("user_1_session_", None),
    ] {
        let body = format!(r#"{{"messages":[{HI}],"metadata":{{"user_id":"{id}"}}}}"#);
        let call = read(&body).unwrap();
        assert_eq!(call.conversation_id.map(|id| id.decode().unwrap().into_owned()).as_deref(), session, "{id}");
    }
}

#[test]
fn an_instruction_stands_behind_everything_the_user_sent() {
    let block = r#"{"type":"text","text":"x"}"#;
    let result = r#"{"type":"tool_result","tool_use_id":"1","content":"42"}"#;
    let cached = r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#;
    for (content, steered_to) in [
        (r#""a""#.to_owned(), Some(r#""ax""#.to_owned())),
        (format!("[{cached}]"), Some(format!("[{cached},{block}]"))),
        (format!("[{result}, {cached} ]"), Some(format!("[{result}, {cached},{block} ]"))),
        (format!("[{result}]"), None),
        (format!("[{cached},{result}]"), None),
        ("[]".to_owned(), Some(format!("[{block}]"))),
    ] {
        let body = |content| {
            format!(
                r#"{{"messages":[{HI},{{"role":"assistant","content":"b"}},{{"role":"user","content":{content}}}]}}"#
            )
        };
        assert_eq!(steered(&body(content.clone()), "x"), steered_to.map(body), "{content}");
    }
    let behind = |mark: &str| {
        format!(r#"{{"messages":[{HI},{{"role":"system","content":[{{"type":"text","text":"s"{mark}}}]}}]}}"#)
    };
    assert!(!read(&behind("")).unwrap().cached_tail);
    assert!(
        read(&behind(r#","cache_control":{"type":"ephemeral"}"#)).unwrap().cached_tail,
        "it caches what is added before it"
    );
    let after = |message: &str| format!(r#"{{"messages":[{HI},{message}]}}"#);
    assert_eq!(steered(&after(r#"{"role":"assistant","content":[]}"#), "x"), None);
    assert!(steered(&after(r#"{"role":"system","content":"s"}"#), "x").is_some());
}

#[test]
fn machines_and_people() {
    for (keys, sign) in [
        (r#""max_tokens":1024,"thinking":{"type":"enabled","budget_tokens":1024}"#, None),
        (r#""output_config":{"effort":"low"},"output_format":null"#, None),
        (r#""output_config":{"format":{"type":"json_schema","schema":{}}}"#, Some("output_config.format")),
        (r#""output_format":{"type":"json_schema","schema":{}}"#, Some("output_format")),
        (r#""tool_choice":{"type":"auto","disable_parallel_tool_use":true}"#, None),
        (r#""tool_choice":{"type":"none"}"#, None),
        (r#""tool_choice":{"type":"any"}"#, Some("tool_choice")),
        (r#""tool_choice":{"type":"tool","name":"f"}"#, Some("tool_choice")),
        (r#""tool_choice":{"name":"f"}"#, Some("tool_choice")),
        (r#""max_tokens":1"#, Some("probe")),
        (r#""max_tokens":0"#, Some("probe")),
        (r#""compaction":{"type":"compaction"}"#, Some("compaction")),
    ] {
        let body = format!(r#"{{"messages":[{HI}],{keys}}}"#);
        assert_eq!(read(&body).unwrap().machine.map(|machine| machine.sign), sign, "{keys}");
    }
    for (message, sign) in [
        (r#"{"role":"assistant","content":"The answer is ("}"#, "assistant_prefill"),
        (r#"{"role":"user","content":[{"type":"tool_result","content":"42"}]}"#, "tool_result"),
    ] {
        let body = format!(r#"{{"messages":[{HI},{message}]}}"#);
        assert_eq!(read(&body).unwrap().machine.map(|machine| machine.sign), Some(sign), "{message}");
    }
}

#[test]
fn what_the_upstream_keeps_is_not_guessed() {
    for (keys, elsewhere, answerable) in [
        (r#""thread":null"#, false, true),
        (r#""thread":{"type":"create"}"#, false, false),
        (r#""thread":{"type":"continue","previous_message_id":"msg_1"}"#, true, false),
    ] {
        let body = format!(r#"{{"messages":[{HI}],{keys}}}"#);
        let call = read(&body).unwrap();
        assert_eq!((call.elsewhere, call.answerable), (elsewhere, answerable), "{keys}");
    }
    let body =
        format!(r#"{{"messages":[{{"role":"assistant","content":[{{"type":"compaction","content":null}}]}},{HI}]}}"#);
    assert!(read(&body).unwrap().elsewhere);
}

#[test]
fn a_cloud_names_the_model_in_its_path() {
    let body = format!(r#"{{"anthropic_version":"vertex-2023-10-16","messages":[{HI}],"stream":true}}"#);
    let call = |target| DIALECT.read_at(target, body.as_bytes()).unwrap();
    let vertex = call("/v1/projects/p/locations/l/publishers/anthropic/models/claude@1:streamRawPredict?x=1");
    assert_eq!((vertex.model_name().as_str(), vertex.stream, vertex.answerable), ("claude@1", true, true));
    let bedrock = call("/model/anthropic.c/invoke-with-response-stream");
    assert_eq!((bedrock.model_name().as_str(), bedrock.stream, bedrock.answerable), ("anthropic.c", true, false));
    assert_eq!(call("/v1/messages?beta=true").model_name(), "");
}

#[test]
fn what_is_no_call_is_malformed() {
    let good = format!(r#"{{"messages":[{HI}]}}"#);
    assert!(read(&good).is_ok());
    for body in [
        "",
        "{}",
        "[]",
        r#"{"messages":[]}"#,
        r#"{"messages":"hi"}"#,
        r#"{"role":"user","content":"a message of another API"}"#,
        r#"{"messages":[{"role":"tool","content":"hi"}]}"#,
        r#"{"messages":[{"role":"user"}]}"#,
        r#"{"messages":[{"role":"user","content":7}]}"#,
        r#"{"messages":[{"role":"user","content":"a","content":"b"}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#,
        r#"{"messages":[{"role":"user","content":"a"}],"system":7}"#,
        r#"{"messages":[{"role":"user","content":"a"}],"stream":1}"#,
        r#"{"messages":[{"role":"user","content":"a"}],"tool_choice":"auto"}"#,
        &format!("{good} x"),
        &good[..good.len() - 1],
    ] {
        assert_eq!(read(body).err(), Some(Bypass::Malformed), "{body}");
    }
}

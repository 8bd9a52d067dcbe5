//! Calls as applications send them, and calls that are none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::dialogue::Bypass;
use crate::wire::read_tests::{self, said};
use crate::wire::{Call, Dialect};

const DIALECT: Dialect = Dialect::OpenAiResponses;

fn read(body: &str) -> Result<Call<'_>, Bypass> {
    DIALECT.read(body.as_bytes())
}

fn steered(body: &str, instruction: &str) -> Option<String> {
    read_tests::steered(DIALECT, body, instruction)
}

#[test]
fn a_string_is_what_the_user_says() {
    let body = r#"{"model":"gpt\u002d5","input":"w\u0068y?","instructions":"Be brief.","store":false,"stream":true}"#;
    let call = read(body).unwrap();
    assert_eq!(said(&call), ["system 'Be brief.'", "user 'why?'"]);
    assert_eq!((call.model_name().as_str(), call.stream, call.answerable), ("gpt-5", true, true));
    assert_eq!(steered(body, "\n\"q\"").unwrap(), body.replace("y?\"", r#"y?\n\"q\"""#));
}

#[test]
fn items_are_turns() {
    let call = read(
        r#"{"input":[
        {"type":"message","role":"developer","content":[{"type":"input_text","text":"d"}]},
        {"role":"user","content":"a"},
        {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
        {"content":[{"type":"output_text","text":"b","annotations":[]},{"type":"refusal","refusal":"c"}],"role":"assistant","id":"msg_1","type":"message"},
        {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"1","output":"42"},
        {"type":"custom_tool_call_output","call_id":"2","output":[{"type":"input_text","text":"43"},{"type":"input_image"}]},
        {"type":"computer_call_output","call_id":"3","output":{"type":"computer_screenshot"}},
        {"type":"web_search_call","id":"ws_1","status":"completed"},
        {"role":"assistant","content":"d","phase":"commentary"},
        {"role":"assistant","content":"e"},
        {"type":"message","role":"user","content":[{"type":"input_image","image_url":"x"},{"type":"input_file"},{"text":"why","type":"input_text"}]}
        ],"tools":[{"type":"function"}]}"#,
    )
    .unwrap();
    assert_eq!(
        said(&call),
        [
            "system 'd'",
            "user 'a'",
            "assistant Other 'b' 'c' ToolCall",
            "tool '42'",
            "tool '43' Image",
            "tool ToolResult",
            "assistant ToolCall 'd'",
            "assistant 'e'",
            "user Image File 'why'",
        ]
    );
    assert!(call.conversation.tools && call.machine.is_none() && !call.elsewhere && !call.answerable);
}

#[test]
fn an_instruction_goes_to_the_end_of_the_last_user_message() {
    for (input, steered_to) in [
        (r#"[{"role":"user","content":"a"}]"#, Some(r#"[{"role":"user","content":"ax"}]"#)),
        (
            r#"[{"role":"user","content":[{"type":"input_text","text":"a"}],"type":"message"}]"#,
            Some(
                r#"[{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"x"}],"type":"message"}]"#,
            ),
        ),
        (r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#, None),
        (r#"[{"role":"user","content":"a"},{"type":"reasoning","summary":[]}]"#, None),
        (r#"[{"role":"user","content":"a"},{"type":"not yet invented"}]"#, None),
        (r#"[{"role":"user","content":"a"},{"type":"function_call_output","output":"1"}]"#, None),
        (r#"[{"role":"user","content":"a"},{"type":"item_reference","id":"msg_1"}]"#, None),
    ] {
        let body = |input| format!(r#"{{"input":{input},"n":1e400}}"#);
        assert_eq!(steered(&body(input), "x"), steered_to.map(body), "{input}");
    }
}

#[test]
fn what_the_upstream_keeps_is_not_guessed() {
    for (keys, elsewhere) in [
        (r#""store":true"#, false),
        (r#""previous_response_id":null,"conversation":null"#, false),
        (r#""previous_response_id":"resp_1""#, true),
        (r#""conversation":"conv_1""#, true),
        (r#""conversation":{"id":"conv_1"}"#, true),
    ] {
        let body = format!(r#"{{"input":"yes","store":false,{keys}}}"#)
            .replace(r#""store":false,"store":true"#, r#""store":true"#);
        let call = read(&body).unwrap();
        assert_eq!(
            (call.elsewhere, call.answerable),
            (elsewhere, !elsewhere && !body.contains(r#""store":true"#)),
            "{body}"
        );
        if keys.contains("conv_1") {
            assert_eq!(call.conversation_id.unwrap().raw(), b"conv_1");
        }
    }
    for (item, elsewhere) in [
        (r#"{"type":"item_reference","id":"msg_1"}"#, true),
        (r#"{"id":"msg_1"}"#, true),
        (r#"{"type":null,"id":"msg_1"}"#, true),
        (r#"{"type":"item_reference","id":"rs_1"}"#, false),
        (r#"{"type":"compaction","encrypted_content":"x"}"#, true),
    ] {
        let body = format!(
            r#"{{"store":false,"input":[{{"role":"user","content":"a"}},{item},{{"role":"user","content":"b"}}]}}"#
        );
        assert_eq!(read(&body).unwrap().elsewhere, elsewhere, "{item}");
    }
}

#[test]
fn machines_and_people() {
    for (keys, sign) in [
        (r#""text":{"format":{"type":"text"},"verbosity":"low"}"#, None),
        (r#""text":{"verbosity":"low"},"text_":1"#, None),
        (r#""text":{"format":{"type":"json_schema","name":"x","schema":{}}}"#, Some("text.format")),
        (r#""text":{"format":{"type":"json_object"}}"#, Some("text.format")),
        (r#""text":{"format":{}}"#, Some("text.format")),
        (r#""tool_choice":"auto","tools":[{}]"#, None),
        (r#""tool_choice":{"type":"allowed_tools","mode":"auto","tools":[]}"#, None),
        (r#""tool_choice":{"type":"allowed_tools","mode":"required","tools":[]}"#, Some("tool_choice")),
        (r#""tool_choice":"required""#, Some("tool_choice")),
        (r#""tool_choice":{"type":"function","name":"f"}"#, Some("tool_choice")),
        (r#""background":true"#, Some("background")),
        (r#""background":false,"top_logprobs":0,"include":["reasoning.encrypted_content"]"#, None),
        (r#""top_logprobs":2"#, Some("logprobs")),
        (r#""include":["message.output_text.logprobs"]"#, Some("logprobs")),
        (r#""max_output_tokens":16"#, None),
        (r#""max_output_tokens":1"#, Some("probe")),
        (r#""prompt_cache_options":{"mode":"explicit"}"#, None),
        (r#""prompt_cache_options":{"prewarm":true}"#, Some("prewarm")),
        (r#""grammar":"root ::= x""#, Some("constrained_output")),
    ] {
        let body = format!(r#"{{"input":"hi",{keys}}}"#);
        assert_eq!(read(&body).unwrap().machine.map(|machine| machine.sign), sign, "{keys}");
    }
    for (item, sign) in [
        (r#"{"role":"assistant","content":"a"}"#, Some("assistant_last")),
        (r#"{"role":"system","content":"a"}"#, Some("system_last")),
        (r#"{"type":"function_call_output","call_id":"1","output":"42"}"#, Some("tool_result")),
        (r#"{"type":"mcp_approval_response","approve":true}"#, Some("tool_result")),
        (r#"{"type":"compaction_trigger"}"#, Some("compaction_trigger")),
        (r#"{"type":"configuration_update","text":{"format":{"type":"json_schema"}}}"#, Some("text.format")),
        (r#"{"type":"configuration_update","reasoning":{"effort":"low"}}"#, None),
        (r#"{"type":"additional_tools","role":"developer","tools":[{}]}"#, None),
    ] {
        let body = format!(r#"{{"input":[{{"role":"user","content":"hi"}},{item}]}}"#);
        let call = read(&body).unwrap();
        assert_eq!(call.machine.map(|machine| machine.sign), sign, "{item}");
        assert_eq!(call.conversation.tools, item.contains("additional_tools"), "{item}");
    }
}

#[test]
fn an_answer_never_repeats_more_than_is_worth_it() {
    let body = |instructions: &str| format!(r#"{{"input":"hi","store":false,"instructions":"{instructions}"}}"#);
    assert!(read(&body("be brief")).unwrap().answerable);
    assert!(!read(&body(&"x".repeat(70_000))).unwrap().answerable);
}

#[test]
fn what_is_no_call_is_malformed() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"input":{}}"#,
        r#"{"input":[]}"#,
        r#"{"input":["hi"]}"#,
        r#"{"input":[{"role":"wizard","content":"hi"}]}"#,
        r#"{"input":[{"type":"message","content":"hi"}]}"#,
        r#"{"input":[{"role":"user"}]}"#,
        r#"{"input":[{"role":"user","content":7}]}"#,
        r#"{"input":"hi","input":"ho"}"#,
        r#"{"input":"hi","store":false,"store":true}"#,
        r#"{"input":"hi","stream":"yes"}"#,
        r#"{"input":"hi","text":"json"}"#,
        r#"{"input":"hi"} x"#,
        r#"{"input":"hi"#,
    ] {
        assert_eq!(read(body).err(), Some(Bypass::Malformed), "{body}");
    }
    assert!(read(r#"{"prompt":{"id":"p"}}"#).unwrap().sources, "a template brings the input");
    assert!(read(r#"{"previous_response_id":"resp_1"}"#).unwrap().elsewhere);
}

//! A reply is judged as it passes as it would be once it has come back in the conversation.

use super::*;
use crate::dialogue::Turn;

#[test]
fn a_reply_that_comes_later_gets_the_window_that_it_would_get_in_the_conversation() {
    let long = "A rather long answer, | with ; many words. ".repeat(60);
    for reply in ["Which city?", "```\nlet x;\n```", &long, ""] {
        let said = vec![
            Turn::new(Role::System, "Be brief."),
            Turn::new(Role::User, "What is the weather like?"),
            Turn::new(Role::Assistant, "Where are you?"),
            Turn::new(Role::User, "In Lisbon"),
        ];
        let turns = said.iter().cloned().chain([Turn::new(Role::Assistant, reply)]).collect();
        let wanted = Window::of(&Conversation { turns, tools: true }, 4);
        let kept = wanted.clone().map_or((String::new(), None), |window| (window.turn.head, window.turn.tail));
        let prelude = Prelude::of(&Conversation { turns: said, tools: true });
        assert_eq!(prelude.reply(kept.0, kept.1, reply.len()), wanted, "{reply}");
    }
}

#[test]
fn a_prelude_is_small_however_long_the_conversation() {
    for text in ["word ".repeat(10_000), "😀".repeat(10_000)] {
        let mut turns = vec![Turn::new(Role::System, &text)];
        turns.extend((0..40).map(|i| Turn::new([Role::User, Role::Assistant][i % 2], &text)));
        let prelude = Prelude::of(&Conversation { turns, tools: false });
        let kept = prelude.context.iter().chain(&prelude.system);
        let bytes: usize = kept.map(|e| e.head.len() + e.tail.as_ref().map_or(0, String::len)).sum();
        assert!((1_700..=2_048).contains(&bytes), "{bytes}");
    }
}

/// Through the readers that see real traffic, and the tokeniser of the model that ships.
#[cfg(feature = "onnx")]
mod tokens {
    use std::sync::LazyLock;

    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::classify::{ModelFiles, Tokens, WindowTokenizer};
    use crate::wire::{Dialect, ResponseReader};

    static TOKENIZER: LazyLock<WindowTokenizer> =
        LazyLock::new(|| WindowTokenizer::from_bytes(&ModelFiles::builtin().tokenizer, 128).unwrap());

    const WORDS: [&str; 24] = [
        "the",
        "question",
        "which",
        "answer",
        "a",
        "sorry",
        "please",
        "?",
        "sure",
        "\n",
        "\n\n",
        "\"quoted\"",
        "```",
        "| a | b |",
        "> so",
        "café",
        "😀",
        "1984",
        "-",
        "however",
        "explain",
        "you",
        "Zürich",
        "\t",
    ];

    fn text(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&WORDS[..]), words).prop_map(|words| words.join(" "))
    }

    fn any_text() -> impl Strategy<Value = String> {
        // The lengths about which something changes: what is kept at each end, a long text, a whole one.
        prop_oneof![3 => text(0..12), 2 => text(30..180), 1 => text(180..600)]
    }

    /// The model's input for the last message of a request's body.
    fn in_conversation(body: &Value) -> Option<(Window, Tokens)> {
        let body = body.to_string();
        let call = Dialect::OpenAiChat.read(body.as_bytes()).unwrap();
        let window = Window::of(&call.conversation, call.conversation.turns.len() - 1)?;
        let tokens = TOKENIZER.encode(&window).unwrap();
        Some((window, tokens))
    }

    /// The model's input for a streamed reply to a request.
    fn as_it_passes(request: &Value, pieces: &[String], cut: usize) -> Option<(Window, Tokens)> {
        let request = request.to_string();
        let call = Dialect::OpenAiChat.read(request.as_bytes()).unwrap();
        let prelude = Prelude::of(&call.conversation);
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))]);
        let mut reader = ResponseReader::new(Dialect::OpenAiChat, StatusCode::OK, &headers);
        let events = pieces.iter().map(|piece| json!({"choices": [{"index": 0, "delta": {"content": piece}}]}));
        let stream: String = events.map(|event| format!("data: {event}\n\n")).collect();
        stream.as_bytes().chunks(cut).for_each(|bytes| reader.feed(bytes));
        let text = reader.finish().text;
        let bytes = text.bytes();
        let (head, tail) = text.into_excerpt();
        let window = prelude.reply(head, tail, bytes)?;
        let tokens = TOKENIZER.encode(&window).unwrap();
        Some((window, tokens))
    }

    proptest! {
        #[test]
        fn a_streamed_reply_is_shown_to_the_model_as_score_would_show_it(
            system in prop::option::of(any_text()),
            turns in prop::collection::vec(any_text(), 0..11),
            reply in prop::collection::vec(any_text(), 1..4),
            tools: bool,
            cut in 1usize..2000,
        ) {
            let roles = ["user", "assistant"].into_iter().cycle();
            let said = turns.iter().zip(roles).map(|(text, role)| json!({"role": role, "content": text}));
            let mut messages: Vec<Value> =
                system.iter().map(|text| json!({"role": "system", "content": text})).chain(said).collect();
            messages.push(json!({"role": "user", "content": "And then?"}));
            let mut request = json!({"messages": messages});
            if tools {
                request["tools"] = json!([{"type": "function", "function": {"name": "f"}}]);
            }
            let passing = as_it_passes(&request, &reply, cut);
            let mut conversation = request;
            if let Some(messages) = conversation["messages"].as_array_mut() {
                messages.push(json!({"role": "assistant", "content": reply.concat()}));
            }
            let later = in_conversation(&conversation);
            prop_assert_eq!(passing.is_some(), later.is_some());
            if let (Some((passing, passing_tokens)), Some((later, later_tokens))) = (passing, later) {
                prop_assert_eq!(&passing.turn, &later.turn);
                prop_assert_eq!(&passing.marks, &later.marks);
                prop_assert_eq!(passing_tokens, later_tokens);
            }
        }
    }
}

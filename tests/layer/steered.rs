//! Of a steered turn the record says whether the reply did what was asked, and whether it quotes the instruction: in every
//! dialect, streamed and whole, however the reply is cut.

use groundwire::act::instruction;
use serde_json::{Value, json};

use super::*;

/// A call in one dialect, and replies to it.
struct Speaker {
    target: &'static str,
    kind: &'static str,
    /// The request, given what the user says.
    asks: fn(&str) -> Value,
    /// The whole body of the reply, given its pieces.
    says: fn(&[&str]) -> String,
}

fn messages(said: &str) -> Value {
    json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": said}]})
}

fn contents(said: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": said}]}]})
}

/// What Gemini says in one chunk; the last has the reason.
fn candidates(pieces: &[&str]) -> Vec<String> {
    let chunk = |at: usize, piece: &str| {
        let mut candidate = json!({"content": {"parts": [{"text": piece}], "role": "model"}, "index": 0});
        if at + 1 == pieces.len() {
            candidate["finishReason"] = "STOP".into();
        }
        json!({"candidates": [candidate], "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2, "cachedContentTokenCount": 4}})
    };
    pieces.iter().enumerate().map(|(at, piece)| chunk(at, piece).to_string()).collect()
}

const SPEAKERS: [Speaker; 7] = [
    Speaker {
        target: "/v1/chat/completions",
        kind: EVENTS,
        asks: messages,
        says: |pieces| {
            let chunk = |piece: &&str| json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
            let usage = json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}});
            let events: String = pieces.iter().map(|piece| format!("data: {}\n\n", chunk(piece))).collect();
            format!("{events}data: {usage}\n\n{END}")
        },
    },
    Speaker {
        target: "/v1/chat/completions",
        kind: JSON,
        asks: messages,
        says: |pieces| {
            let message = json!({"role": "assistant", "content": pieces.concat()});
            let usage = json!({"prompt_tokens": 5, "completion_tokens": 2});
            json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}).to_string()
        },
    },
    Speaker {
        target: "/v1beta/models/m:streamGenerateContent?alt=sse&key=secret",
        kind: EVENTS,
        asks: contents,
        says: |pieces| candidates(pieces).iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect(),
    },
    Speaker {
        target: "/v1beta/models/m:streamGenerateContent",
        kind: JSON,
        asks: contents,
        says: |pieces| format!("[{}\n]\n", candidates(pieces).join("\n,\r\n")),
    },
    Speaker {
        target: "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        kind: JSON,
        asks: contents,
        says: |pieces| candidates(&[&pieces.concat()]).concat(),
    },
    Speaker {
        target: "/api/chat",
        kind: "application/x-ndjson",
        asks: messages,
        says: |pieces| {
            let line =
                |piece: &&str| json!({"model": "m", "message": {"role": "assistant", "content": piece}, "done": false});
            let lines: String = pieces.iter().map(|piece| format!("{}\n", line(piece))).collect();
            lines
                + "{\"model\":\"m\",\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":5,\"eval_count\":2}\n"
        },
    },
    Speaker {
        target: "/api/generate",
        kind: "application/x-ndjson; charset=utf-8",
        asks: |said| json!({"model": "m", "prompt": said}),
        says: |pieces| {
            let lines: String =
                pieces.iter().map(|piece| format!("{}\n", json!({"response": piece, "done": false}))).collect();
            lines
                + "{\"response\":\"\",\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":5,\"eval_count\":2}\n"
        },
    },
];

/// Has every turn steered to ask.
fn clarifying(classifier: Reader, records: &Records) -> Grounder {
    let clarify = |_: &Situation<'_>| Decision {
        act: GroundingAct::Clarify,
        delivery: Delivery::Steer,
        gap: Some(Gap::VagueGoal),
        ..Decision::none("as the test wants")
    };
    Grounder::builder(classifier, clarify).observer(records.clone()).build()
}

/// Sends what the user says and lets the reply pass in pieces of this many bytes.
async fn exchange(speaker: &Speaker, classifier: Reader, said: &str, reply: &[&str], size: usize) -> Records {
    let records = Records::default();
    let (mut feed, head) = response(200, speaker.kind);
    let request = (speaker.asks)(said).to_string();
    let sent = call_at(clarifying(classifier, &records), speaker.target, &request, head).await;
    let body = (speaker.says)(reply);
    let pieces: Vec<Bytes> = body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
    let (_, passed) = tokio::join!(
        async move {
            for piece in pieces {
                feed.send_data(piece).await.unwrap();
            }
        },
        sent.into_body().collect(),
    );
    assert_eq!(passed.unwrap().to_bytes(), body, "{}", speaker.target);
    records
}

fn unread() -> Reader {
    Reader { reads_none: true, ..Reader::default() }
}

#[tokio::test]
async fn a_reply_that_asks_complies_in_every_dialect() {
    for speaker in &SPEAKERS {
        for size in [7, 4096] {
            let asks = exchange(speaker, unread(), "Fix it", &["Which one", " do you", " mean?"], size).await.only();
            let what = (speaker.target, &asks);
            assert_eq!((asks.act, asks.delivery), (GroundingAct::Clarify, Delivery::Steer), "{what:?}");
            assert_eq!((asks.complied, asks.leaked), (Some(true), Some(false)), "{what:?}");
            assert_eq!(asks.finish_reason.as_deref().map(str::to_ascii_lowercase).as_deref(), Some("stop"), "{what:?}");
            let usage = asks.usage.unwrap();
            assert_eq!((usage.prompt_tokens, usage.completion_tokens), (5, 2), "{what:?}");
            let streams = !(speaker.says)(&["a", "b"]).contains("ab");
            assert_eq!(asks.first_token_micros.is_some(), streams, "{what:?}");
            let answers = exchange(speaker, unread(), "Fix it", &["It is ", "fixed."], size).await.only();
            assert_eq!((answers.complied, answers.leaked), (Some(false), Some(false)), "{:?}", speaker.target);
        }
    }
}

#[tokio::test]
async fn a_reply_that_quotes_the_instruction_leaks_in_every_dialect() {
    let instruction = instruction(GroundingAct::Clarify, Gap::VagueGoal, false).unwrap();
    let words: Vec<&str> = instruction.split_whitespace().collect();
    let quote = words[30..36].join(" ");
    let (first, second) = quote.split_at(quote.len() / 2);
    let long = "It depends on many things. ".repeat(100);
    for speaker in &SPEAKERS {
        let reply = [&*long, "I was told: ", first, second, ". ", &*long];
        let leaks = exchange(speaker, unread(), "Fix it", &reply, 1000).await.only();
        assert_eq!((leaks.complied, leaks.leaked), (Some(false), Some(true)), "{}: {quote}", speaker.target);
        let shorter = [&*long, &words[30..35].join(" "), ". ", &*long];
        assert_eq!(exchange(speaker, unread(), "Fix it", &shorter, 1000).await.only().leaked, Some(false));
        // Their own words are no leak.
        let quoted = exchange(speaker, unread(), &format!("What is \"{quote}\"?"), &reply, 1000).await.only();
        assert_eq!(quoted.leaked, Some(false), "{}", speaker.target);
        assert!(!format!("{leaks:?}{quoted:?}").contains(&quote), "no record holds a word of it");
    }
}

#[tokio::test]
async fn the_acts_of_the_reply_have_a_say() {
    let speaker = &SPEAKERS[5];
    for (said, shows, complied) in [
        ("Tell me which one.", AssistantAct::Clarification, Some(true)),
        ("Done. Anything else?", AssistantAct::Answer, Some(false)),
        ("Which one?", AssistantAct::Acknowledgment, Some(true)),
        ("Who would not?", AssistantAct::Advice, Some(false)),
    ] {
        let reader = Reader::default();
        let records = exchange(speaker, reader.clone(), "Fix it", &[said], 4096).await;
        let reply = reader.replies.lock().unwrap().pop().expect("the reply is handed in");
        reply.answer.send(acts(&[(shows, 0.9)]));
        assert_eq!(records.only().complied, complied, "{said}");
    }
    // Where they are not read after all, the words are enough.
    let reader = Reader::default();
    let records = exchange(speaker, reader.clone(), "Fix it", &["Which one?"], 4096).await;
    drop(reader.replies.lock().unwrap().pop());
    assert_eq!(records.only().complied, Some(true));
}

#[tokio::test]
async fn of_a_reply_that_is_cut_only_a_leak_is_told() {
    let quote = "ask one short question about it and offer";
    for (said, leaked) in [("Which one?", None), (quote, Some(true))] {
        let records = Records::default();
        let (mut feed, head) = response(200, EVENTS);
        let sent = call(clarifying(unread(), &records), &messages("Fix it").to_string(), head).await;
        let chunk = format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": said}}]}));
        feed.send_data(Bytes::from(chunk)).await.unwrap();
        feed.abort("broken");
        assert!(sent.into_body().collect().await.is_err());
        let record = records.only();
        assert_eq!((record.ending, record.complied, record.leaked), (Ending::UpstreamFailed, None, leaked), "{said}");
    }
}

#[tokio::test]
async fn what_was_not_steered_is_not_judged() {
    let records = super::exchange(unread(), TURN, 200, JSON, SAID).await;
    assert_eq!((records.only().complied, records.only().leaked), (None, None));
    let refused = super::exchange(unread(), TURN, 500, JSON, r#"{"error":{"message":"x"}}"#).await;
    assert_eq!((refused.only().complied, refused.only().leaked), (None, None));
}

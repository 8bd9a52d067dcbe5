//! Calls that a harness, or an application around a chat, makes for itself: titles, summaries, permissions, tags.
//!
//! They look like any other chat call, and a question in return would end up as the title of a conversation
//! (decolua/9router#3319). They are told by what they ask for: by words that one program uses, and by words that all of them
//! use. A person who asks for the same in the same words is left alone, too, which costs nothing but a question.

use std::sync::LazyLock;

use super::super::text::Marks;
use crate::dialogue::{Bypass, Conversation, Role, Turn};
use crate::wire::Machine;

/// Words of one program, anywhere near the beginning or the end of a system prompt or of the last message; what they ask
/// for.
const OWN_WORDS: [(&str, &str); 30] = [
    // Claude Code.
    ("you are naming a coding session", "title"),
    ("analyze if this message indicates a new conversation topic", "title"),
    ("[suggestion mode:", "suggestion"),
    ("respond with text only. do not call any tools", "summary"),
    ("your task is to create a detailed summary of the conversation", "summary"),
    ("tasked with summarizing conversations", "summary"),
    ("your task is to process bash commands that an ai coding agent wants to run", "permission"),
    ("command_injection_detected", "permission"),
    ("extract any file paths that this command reads or modifies", "permission"),
    ("security monitor for autonomous ai coding agents", "permission"),
    ("you are evaluating a hook in claude code", "permission"),
    ("web page content:\n---", "extract"),
    // Codex.
    ("context checkpoint compaction", "summary"),
    ("judging one planned coding-agent action", "permission"),
    // OpenCode, Copilot, aider, Gemini CLI.
    ("you are a title generator", "title"),
    ("expert in crafting pithy titles", "title"),
    ("one-line git commit message", "commit_message"),
    ("*briefly* summarize this partial conversation", "summary"),
    ("the component that summarizes internal chat history", "summary"),
    ("generate the <state_snapshot>", "summary"),
    // Open WebUI, LibreChat, NextChat, LobeChat, Hugging Face chat-ui, the templates of Vercel.
    ("</chat_history>", "task"),
    ("### chat history:", "task"),
    ("concise, 5-word-or-less title", "title"),
    ("four to five word title", "title"),
    ("to use as a prompt for future context", "summary"),
    ("professional conversation summarizer", "title"),
    ("you are a summarization ai", "title"),
    ("short title based on the first message", "title"),
    // LangChain and LlamaIndex, over a retrieved text.
    ("rephrase the follow up question to be a standalone question", "rephrase"),
    ("progressively summarize the lines of conversation", "summary"),
];

/// Words by which programs ask for an answer that they will parse, where the API's own means are not used.
const PARSED: [(&str, &str); 14] = [
    // LangChain, instructor, DSPy, CrewAI.
    ("formatted as a json instance that conforms to the json schema", "json_in_words"),
    ("return the correct json response within a ```json codeblock", "json_in_words"),
    ("[[ ## completed ## ]]", "fields_in_words"),
    ("thought: you should always think about what to do", "agent_step"),
    ("use a json blob to specify a tool", "agent_step"),
    ("thought: i now can give a great answer", "agent_step"),
    // Everybody.
    ("only valid json", "json_in_words"),
    ("only with valid json", "json_in_words"),
    ("only with json", "json_in_words"),
    ("only a json object", "json_in_words"),
    ("only with a json object", "json_in_words"),
    ("only a valid json object", "json_in_words"),
    ("in json format only", "json_in_words"),
    ("strictly in json", "json_in_words"),
];

/// What such calls are about.
const SUBJECTS: [&str; 9] = [
    "conversation",
    "chat",
    "session",
    "thread",
    "dialogue",
    "discussion",
    "first message",
    "user's message",
    "user message",
];
/// What is to be done.
const VERBS: [&str; 10] =
    ["generate", "create", "write", "provide", "suggest", "come up with", "produce", "summarize", "summarise", "name"];
/// What is wanted.
const PRODUCTS: [(&str, &str); 9] = [
    ("title", "title"),
    ("topic name", "title"),
    ("summary", "summary"),
    ("summarize", "summary"),
    ("summarise", "summary"),
    ("tags", "tags"),
    ("follow-up questions", "suggestion"),
    ("followup questions", "suggestion"),
    ("search queries", "search"),
];

/// Bytes at each end of a text that are looked at.
const ENDS: (usize, usize) = (700, 300);
/// Bytes at the beginning of a text where all programs say what they want.
const OPENING: usize = 300;
/// Bytes around what is wanted where the rest of the sentence stands.
const SENTENCE: usize = 110;
/// A system prompt that only asks for this is short; a longer one is a product's, whatever it begins with.
const SHORT: usize = 6_000;

/// The sign that a call is one of these, or asks in words for what a program parses; `None` where a person may well have
/// asked.
pub(in crate::engine) fn internal(conversation: &Conversation<'_>) -> Option<Machine> {
    let turns = &conversation.turns;
    let after = turns.iter().rposition(|turn| turn.role == Role::Assistant).map_or(0, |at| at + 1);
    let system = turns.iter().filter(|turn| turn.role == Role::System).find_map(|turn| wanted(turn, true));
    let last = || turns[after..].iter().filter(|turn| turn.role == Role::User).find_map(|turn| wanted(turn, false));
    system.or_else(last)
}

fn wanted(turn: &Turn<'_>, is_system: bool) -> Option<Machine> {
    turn.texts().find_map(|text| {
        let bytes = text.raw().len();
        let (head, tail) = text.ends(ENDS.0, ENDS.1)?;
        let ends = [Some(&*head), tail.as_deref()];
        let own = ends.into_iter().flatten().find_map(own_words);
        let opening = &head[..head.floor_char_boundary(OPENING)];
        let general = || (!is_system || bytes <= SHORT).then(|| in_general(opening)).flatten();
        let warms = || (!is_system && head.trim() == "Warmup").then_some("warmup");
        let for_itself = |sign| Machine { bypass: Bypass::InternalCall, sign };
        own.or_else(|| general().or_else(warms).map(for_itself))
    })
}

fn own_words(text: &str) -> Option<Machine> {
    static MARKS: LazyLock<Marks> =
        LazyLock::new(|| Marks::of(OWN_WORDS.iter().chain(&PARSED).map(|(words, _)| *words)));
    let at = MARKS.first_in(text.as_bytes())?;
    let own = OWN_WORDS.get(at).map(|(_, sign)| Machine { bypass: Bypass::InternalCall, sign });
    let parsed = || PARSED.get(at.checked_sub(OWN_WORDS.len())?);
    own.or_else(|| parsed().map(|(_, sign)| Machine { bypass: Bypass::StructuredOutput, sign }))
}

/// A sentence in which somebody is to make something of a conversation.
fn in_general(opening: &str) -> Option<&'static str> {
    static PRODUCT: LazyLock<Marks> = LazyLock::new(|| Marks::of(PRODUCTS.iter().map(|(words, _)| *words)));
    // Few texts say any of these; the rest is only looked at then.
    PRODUCT.is_in(opening.as_bytes()).then_some(())?;
    let text = opening.to_ascii_lowercase();
    PRODUCTS.iter().find_map(|(words, sign)| {
        text.match_indices(words).find_map(|(at, _)| {
            let start = text.floor_char_boundary(at.saturating_sub(SENTENCE));
            let end = text.floor_char_boundary((at + SENTENCE).min(text.len()));
            let around = &text[start..end];
            let says = |any: &[&str]| any.iter().any(|word| around.contains(word));
            (says(&SUBJECTS) && says(&VERBS)).then_some(*sign)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(turns: &[(Role, &str)]) -> Option<&'static str> {
        let turns = turns.iter().map(|&(role, text)| Turn::new(role, text)).collect();
        internal(&Conversation { turns, tools: false }).map(|machine| machine.sign)
    }

    #[test]
    fn what_programs_ask_for_themselves() {
        use Role::{Assistant, System, User};
        for (turns, wanted) in [
            (&[(System, "You are a title generator. You output ONLY a thread title."), (User, "hi")][..], "title"),
            (&[(System, "Generate a concise, sentence-case title for this coding session."), (User, "hi")], "title"),
            (&[(User, "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history")], "tags"),
            (
                &[(User, "a"), (Assistant, "b"), (User, "Please generate a title summarizing our conversation.")],
                "title",
            ),
            (
                &[(User, "a"), (Assistant, "b"), (User, "CRITICAL: Respond with TEXT ONLY. Do NOT call any tools.")],
                "summary",
            ),
            (
                &[(User, "a"), (Assistant, "b"), (User, "Provide a detailed summary of our conversation above.")],
                "summary",
            ),
            (&[(User, "[SUGGESTION MODE: Suggest what the user might naturally type next]")], "suggestion"),
            (&[(System, "s"), (User, "Warmup")], "warmup"),
            (&[(User, "Web page content:\n---\nx\n---\nWhat is the price?")], "extract"),
            (
                &[(System, "Extract the order. Respond with only valid JSON, no prose."), (User, "two pies")],
                "json_in_words",
            ),
            (
                &[(User, "The output should be formatted as a JSON instance that conforms to the JSON schema below.")],
                "json_in_words",
            ),
            (&[(User, "Answer: ...\nThought: you should always think about what to do\nAction: one of")], "agent_step"),
        ] {
            assert_eq!(sign(turns), Some(wanted), "{turns:?}");
        }
    }

    #[test]
    fn what_people_ask_for() {
        use Role::{Assistant, System, User};
        let product = format!("You are Ada. {} You may generate a title for a conversation.", "Be kind. ".repeat(60));
        for turns in [
            &[(System, "You are a helpful assistant."), (User, "Summarize the article below.")][..],
            &[(User, "Write a title for my blog post about sourdough.")],
            &[(User, "Give me a summary of the book.")],
            &[(System, &product), (User, "Fix it.")],
            &[(User, "Generate a title for this conversation."), (Assistant, "Which?"), (User, "The first.")],
            &[(User, "name three cities in a tags file")],
            &[(User, "Why is only this JSON valid?")],
            &[(User, "")],
            &[],
        ] {
            assert_eq!(sign(turns), None, "{turns:?}");
        }
    }
}

//! The `groundwire` command.
use groundwire::classify::*;
use groundwire::dialogue::*;
use std::io::{BufRead, Write};
#[derive(serde::Deserialize)]
struct M {
    role: String,
    content: String,
}
#[derive(serde::Deserialize)]
struct L {
    #[serde(default)]
    id: serde_json::Value,
    messages: Vec<M>,
    #[serde(default)]
    tools: bool,
}
#[allow(clippy::unwrap_used)]
fn main() {
    let a: Vec<String> = std::env::args().collect();
    assert_eq!(a[1], "windows");
    let t = WindowTokenizer::from_bytes(&std::fs::read(&a[3]).unwrap(), 128).unwrap();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let l: L = serde_json::from_str(&line.unwrap()).unwrap();
        let turns: Vec<Turn> = l
            .messages
            .iter()
            .map(|m| {
                Turn::new(
                    match &*m.role {
                        "system" => Role::System,
                        "assistant" => Role::Assistant,
                        _ => Role::User,
                    },
                    &m.content,
                )
            })
            .collect();
        let at = turns.len() - 1;
        let w = Window::of(&Conversation { turns, tools: l.tools }, at);
        let (ids, types, marks) = match &w {
            Some(w) => {
                let k = t.encode(w).unwrap();
                (k.ids, k.types, w.marks.iter().map(|m| m.token()).collect())
            }
            None => (vec![], vec![], vec![]),
        };
        serde_json::to_writer(&mut out, &serde_json::json!({"id": l.id, "ids": ids, "types": types, "marks": marks}))
            .unwrap();
        out.write_all(b"\n").unwrap();
    }
}

//! Questions for a fact: what a person in distress may need right now, and what is not to be kept from them.

/// What a question for a fact begins with.
#[rustfmt::skip]
const OPENINGS: &[&str] = &[
    "how long", "how many", "how much", "how far", "how old", "how often", "how tall", "how high", "how fast", "how late", "how is", "how are", "how does", "how do i register",
    "what is the", "whats the", "what are the", "what does", "what do", "what is a", "whats a", "what time", "what number", "what day", "what date", "what temperature", "what form", "what forms", "what counts as", "what is", "what kind of",
    "which", "when", "where", "who", "whose", "at what", "by when", "until when", "in which", "is there", "is it legal", "are there", "is", "are", "does", "do", "can a", "can the", "can my", "can i legally", "may i", "am i allowed", "am i entitled", "do i need", "do i have to", "translate", "convert", "calculate", "define", "list", "look up",
    "give me the number", "give me the address", "how do i",
];

/// What makes a question one for advice or comfort, whatever it begins with.
#[rustfmt::skip]
const ADVICE: &[&str] = &[
    "should i", "what should", "what do i do", "what can i do", "what am i supposed", "how do i cope", "how do i deal", "how do i get over", "how do i move on", "how do i live", "how do i go on", "how do i stop", "how do i forgive", "how do i tell", "how do i talk", "how do i feel", "how do i handle", "how do i forget", "how do i survive", "how do i face", "how do i make it", "how do i accept",
    "is it normal", "is it ok", "is it okay", "is it my fault", "am i wrong", "what is wrong with me", "whats wrong with me", "why me", "why did", "why do", "why does", "what is the point", "whats the point", "when will it", "when does it", "does it ever", "does it get", "will it ever", "do you think", "do you ever", "do you understand", "can you help", "who cares", "is there anyone", "is there any point", "is this all", "are you", "how long will i feel", "how long does grief", "how long will this",
];

/// Whether the last question, or the last sentence, of a turn asks for a fact.
pub fn asks_for_a_fact(text: &str) -> bool {
    let plain = text.to_lowercase().replace(['\'', '’'], "");
    let sentences: Vec<&str> =
        plain.split_inclusive(['.', '!', '?', '\n']).map(str::trim).filter(|s| !s.is_empty()).collect();
    let asked = sentences.iter().rfind(|sentence| sentence.ends_with('?')).or(sentences.last());
    let Some(asked) = asked else { return false };
    // "I got the diagnosis: what does EDSS mean?" "… but which form cancels it?"
    let clauses = asked.split([',', ':', ';', '–', '—', '-']).map(|clause| {
        let clause = clause.trim();
        ["but ", "and ", "so ", "now ", "please ", "ok ", "anyway "]
            .iter()
            .fold(clause, |c, word| c.strip_prefix(word).unwrap_or(c))
            .trim()
    });
    let clauses: Vec<&str> = clauses.collect();
    let begins = |clause: &str, with: &[&str]| {
        with.iter()
            .any(|opening| clause.strip_prefix(opening).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
    };
    let comforts =
        clauses.iter().any(|clause| begins(clause, ADVICE)) || ADVICE.iter().any(|phrase| asked.contains(phrase));
    !comforts && clauses.iter().any(|clause| begins(clause, OPENINGS))
}

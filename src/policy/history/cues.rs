//! The phrases that are looked for, section by section, and the words they are made of.

use std::sync::LazyLock;

use super::phrase::Phrases;

/// What stands in `phrases.txt`.
const FILE: &str = include_str!("phrases.txt");

/// Words that end one clause and begin the next.
pub(super) const JOINTS: &str = "and but so then or because cause just please pls plz thanks since until unless though";

/// What stands before an imperative, and changes nothing; the longest first.
pub(super) const BEFORE: &str = "
    for the love of god
    for the love of
    for gods sake
    for fucks sake
    for christs sake
    for once
    for now
    from now on
    from here on
    this time
    next time
    i want you to
    i need you to
    i told you to
    i asked you to
    id like you to
    id prefer you to
    id prefer if you
    id rather you
    i would like you to
    i would prefer you to
    i just want you to
    i just need you to
    i beg you to
    im telling you to
    im asking you to
    id appreciate if you
    i said to
    i said
    i mean
    i think
    you should
    you must
    you need to
    you have to
    you can
    you could
    you may
    u can
    u should
    why dont you
    why cant you
    why not
    how about you
    can you
    could you
    would you
    will you
    can u
    could u
    would you mind
    do you mind
    do me a favor
    and
    but
    so
    then
    or
    just
    please
    pls
    plz
    ok
    okay
    k
    kk
    now
    well
    no
    nope
    nah
    yes
    yeah
    yep
    yup
    sure
    hey
    oh
    omg
    ffs
    god
    jesus
    christ
    lol
    ugh
    argh
    hm
    hmm
    um
    uh
    eh
    meh
    also
    kindly
    maybe
    lets
    let us
    simply
    really
    literally
    actually
    honestly
    frankly
    seriously
    dude
    bro
    man
    mate
    look
    listen
    again
    alright
    right
    fine
    enough
    to
    all
    note
    important
    ps
    reminder
    btw
    fyi
    always
    ever
    ahead
    totally
    entirely
    still
    basically
    doch
    bitte
    aber
    und
    jetzt
    also
    na
    mach
    s'il
    por
    porfavor
    y
    e
    mais
    ma
    allez
    ya
";

/// Words by which a sentence is a question about something.
pub(super) const ASKING: &str =
    "how what whats why where who whos which is are does did should can could would will am";

/// Whom an imperative is for.
pub(super) const YOU: &str = "you u we me";

/// Slips that are made in the words that matter, where one letter too many, too few or exchanged does not tell.
const SLIPS: [(&str, &str); 40] = [
    ("jsut", "just"),
    ("jus", "just"),
    ("jst", "just"),
    ("juts", "just"),
    ("jut", "just"),
    ("juust", "just"),
    ("ust", "just"),
    ("stpo", "stop"),
    ("sotp", "stop"),
    ("stp", "stop"),
    ("tsop", "stop"),
    ("stopp", "stop"),
    ("stahp", "stop"),
    ("stap", "stop"),
    ("dnot", "dont"),
    ("dotn", "dont"),
    ("dnt", "dont"),
    ("dunt", "dont"),
    ("donot", "dont"),
    ("don", "dont"),
    ("dont't", "dont"),
    ("mroe", "more"),
    ("moer", "more"),
    ("mor", "more"),
    ("moar", "more"),
    ("nmore", "more"),
    ("akc", "ask"),
    ("aks", "ask"),
    ("akss", "ask"),
    ("sak", "ask"),
    ("askign", "asking"),
    ("askng", "asking"),
    ("aksing", "asking"),
    ("yuo", "you"),
    ("yoru", "your"),
    ("ur", "your"),
    ("teh", "the"),
    ("giv", "give"),
    ("wiht", "with"),
    ("wihtout", "without"),
];

/// Long words that matter, known with any one slip in them.
const LONG: [&str; 18] = [
    "answer",
    "answers",
    "asking",
    "question",
    "questions",
    "clarifying",
    "clarification",
    "clarifications",
    "whatever",
    "whichever",
    "without",
    "choose",
    "decide",
    "already",
    "something",
    "anything",
    "assume",
    "followup",
];

/// Words that are one letter away from those, and meant as they stand.
const MEANT: [&str; 12] = [
    "clarify", "clarity", "decode", "deride", "chose", "choosy", "answered", "answer", "within", "witout", "decided",
    "chooses",
];

/// The word that a slip stands for, if it is one.
pub(super) fn meant(word: &str) -> Option<&'static str> {
    if let Some((_, meant)) = SLIPS.iter().find(|(slip, _)| *slip == word) {
        return Some(meant);
    }
    let first = word.bytes().next()?;
    if word.len() < 5 || MEANT.contains(&word) {
        return None;
    }
    LONG.iter().find(|long| long.as_bytes()[0] == first && is_one_slip(word.as_bytes(), long.as_bytes())).copied()
}

/// Whether one letter was added, left out, exchanged for another, or swapped with its neighbour.
fn is_one_slip(typed: &[u8], meant: &[u8]) -> bool {
    if typed.len().abs_diff(meant.len()) > 1 {
        return false;
    }
    let before = typed.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (typed, meant) = (&typed[before..], &meant[before..]);
    let after = |a: usize, b: usize| typed.get(a..) == meant.get(b..) && typed.get(a..).is_some();
    let swapped = typed.len() > 1 && meant.len() > 1 && typed[0] == meant[1] && typed[1] == meant[0];
    after(1, 0) || after(0, 1) || after(1, 1) || swapped && after(2, 2)
}

/// The lines of a list, without comments.
pub(super) fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// What `@name` stands for.
pub(super) fn defined(name: &str) -> &'static str {
    let is = |line: &&'static str| line.split_once(" = ").is_some_and(|(defined, _)| defined == name);
    lines(FILE).find(is).and_then(|line| line.split_once(" = ")).map_or("", |(_, words)| words)
}

fn section(name: &str) -> &'static str {
    let head = format!("[{name}]");
    let after = FILE.split_once(&*head).map_or("", |(_, after)| after);
    after.split("\n[").next().unwrap_or_default()
}

/// Every word that a phrase holds.
pub(super) fn vocabulary() -> impl Iterator<Item = &'static str> {
    let lists = [JOINTS, BEFORE, ASKING, YOU].into_iter().flat_map(str::split_whitespace);
    let split = |c: char| c.is_whitespace() || "|?=".contains(c);
    let written = lines(FILE).filter(|line| !line.starts_with('[')).flat_map(move |line| line.split(split));
    lists.chain(written).filter(|word| !word.is_empty() && !word.starts_with(['^', '$', '*', '@']))
}

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident = $section:literal,)+) => {
        $($(#[$doc])* pub(super) static $name: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(section($section)));)+
        /// Reads all phrases, so that no request waits for it.
        pub(super) fn read() {
            $(LazyLock::force(&$name);)+
        }
        #[cfg(test)]
        pub(super) const SECTIONS: &[&str] = &[$($section),+];
    };
}

sections! {
    /// "Stop asking", "just answer".
    STOP_ASKING = "stop-asking",
    /// "Your call", "pick one".
    DELEGATES = "delegates",
    /// The same and much more, where a question was asked: "go ahead", "makes no difference".
    DELEGATES_WHEN_ASKED = "delegates-when-asked",
    /// "I don't know", "skip that".
    REFUSES = "refuses",
    /// "Ohne Rückfragen".
    ELSEWHERE = "no-more-elsewhere",
    /// "No, I meant …".
    REPAIR = "repair",
    /// "Are you sure?"
    CHALLENGE = "challenge",
    /// "Let me rephrase".
    REFORMULATES = "reformulates",
    /// "What do you mean?"
    CLARIFICATION = "clarification",
    /// "Thanks".
    ACKNOWLEDGES = "acknowledges",
    /// "I guess".
    HEDGES = "hedges",
    /// "Something else now".
    SWITCHES = "switches",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_one_slip() {
        for word in ["anwser", "answre", "aswer", "answwer", "amswer"] {
            assert!(is_one_slip(word.as_bytes(), b"answer"), "{word}");
        }
        for word in ["answer", "anwesr", "ansr", "answered", "banswers"] {
            assert!(!is_one_slip(word.as_bytes(), b"answer"), "{word}");
        }
        assert_eq!(meant("quesitons"), Some("questions"));
        assert_eq!(meant("clarity"), None);
        assert_eq!(meant("decode"), None);
    }

    #[test]
    fn every_section_is_there_and_every_name_defined() {
        for name in SECTIONS {
            assert!(lines(section(name)).count() > 0, "{name}");
        }
        for word in lines(FILE).flat_map(|line| line.split([' ', '|', '?'])).filter(|word| word.starts_with('@')) {
            assert!(!defined(word).is_empty(), "{word} is not defined");
        }
    }
}

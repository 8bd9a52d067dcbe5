//! What applications tell of what came of a turn: who may, and what it must look like.

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::running::Running;
use crate::config::KeySource;
use crate::dialogue::{Id, Identity, IdentityKey};
use crate::error::{Error, Result};
use crate::observe::store::{About, Outcome, OutcomeValue};

/// Fewest bytes of a token that nobody guesses.
const TOKEN_BYTES: usize = 16;
/// Most bytes of an identifier of the application's.
const IDENTIFIER_BYTES: usize = 512;

/// The hash of the token that feedback is sent with: to compare hashes tells nobody how much of a guess is right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Token(blake3::Hash);

impl Token {
    /// Reads the token.
    ///
    /// # Errors
    /// If it is not there, or too short to be one.
    pub(super) fn read(source: &KeySource) -> Result<Self> {
        let token = source.read().map_err(|absent| absent.of("feedback.token"))?;
        let token = token.trim_ascii();
        if token.len() < TOKEN_BYTES {
            return Err(Error::config(format!(
                "feedback.token: the token in {source} has {} bytes, too few to be one; give at least {TOKEN_BYTES}, for example the \
                 output of `openssl rand -hex 32`",
                token.len()
            )));
        }
        Ok(Self(blake3::hash(token)))
    }

    /// Whether a request shows it: `Authorization: Bearer …` (RFC 6750, section 2.1).
    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (shown.next(), shown.next()) else { return false };
        let value = value.as_bytes();
        let Some((scheme, token)) = value.iter().position(|byte| *byte == b' ').map(|space| value.split_at(space))
        else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer") && blake3::hash(token.trim_ascii()) == self.0
    }
}

/// What is answered.
pub(super) type Answer = (StatusCode, String);

/// Takes what was told, from whoever may tell it.
pub(super) fn take(running: &Running, headers: &HeaderMap, body: &[u8], now: u64) -> Answer {
    let Some(current) = running.state().current else {
        return (StatusCode::SERVICE_UNAVAILABLE, "groundwire is starting; tell it again\n".to_owned());
    };
    let Some(token) = &current.token else {
        let why = "no feedback is taken: set `token` under [feedback] to \"env:NAME\" or \"file:PATH\"\n";
        return (StatusCode::FORBIDDEN, why.to_owned());
    };
    if !token.is_shown(headers) {
        let why =
            "the token is missing or wrong: send `Authorization: Bearer TOKEN` with the one that [feedback] names\n";
        return (StatusCode::UNAUTHORIZED, why.to_owned());
    }
    let Some(store) = current.store() else {
        let why = "there is no store to keep feedback in: set `url` under [store]\n";
        return (StatusCode::CONFLICT, why.to_owned());
    };
    match outcome(body, &current.key, now) {
        Err(why) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{why}\n")),
        Ok(outcome) => match store.tell(outcome) {
            Ok(()) => (StatusCode::ACCEPTED, "taken\n".to_owned()),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store's queue is full; tell it again\n".to_owned()),
        },
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told<'t> {
    turn: Option<String>,
    conversation: Option<String>,
    outcome: String,
    #[serde(borrow)]
    value: &'t RawValue,
    #[serde(borrow)]
    at: Option<&'t RawValue>,
}

/// Reads `{"turn"|"conversation", "outcome", "value", "at"?}`.
fn outcome(body: &[u8], key: &IdentityKey, now: u64) -> Result<Outcome, String> {
    let told: Told<'_> = serde_json::from_slice(body).map_err(|error| {
        format!(
            "this is not what feedback looks like ({error}): send JSON such as {{\"turn\": \"…\", \"outcome\": \"resolved\", \
             \"value\": true}}"
        )
    })?;
    let about = match (&told.turn, &told.conversation) {
        (Some(turn), None) => About::Turn(turn.parse::<Id>().map_err(|why| {
            format!("`turn` is not one: {why}; send what the response's header x-groundwire-turn said")
        })?),
        (None, Some(conversation)) if (1..=IDENTIFIER_BYTES).contains(&conversation.len()) => {
            About::Given(Identity::given_as(key, conversation.as_bytes()))
        }
        (None, Some(_)) => {
            return Err(format!(
                "`conversation` must be the identifier that its requests carry, of 1 to {IDENTIFIER_BYTES} bytes"
            ));
        }
        _ => return Err("say what it is about: either `turn` or `conversation`, and not both".to_owned()),
    };
    let text = told.value.get();
    let value = match (text, text.parse::<f64>()) {
        ("true", _) => OutcomeValue::Flag(true),
        ("false", _) => OutcomeValue::Flag(false),
        (_, Ok(number)) => OutcomeValue::Number(number),
        _ => return Err("`value` must be true, false, or a number".to_owned()),
    };
    let at = told.at.filter(|at| at.get() != "null").map_or(Ok(now), |at| time(at.get()))?;
    Outcome::new(about, &told.outcome, value, at, now)
}

/// A time in milliseconds since 1970, or as RFC 3339 writes it.
fn time(text: &str) -> Result<u64, String> {
    let wrong = || "`at` must be milliseconds since 1970, or a time such as \"2026-01-31T12:00:00Z\"".to_owned();
    if let Ok(millis) = text.parse::<u64>() {
        return Ok(millis);
    }
    let written: String = serde_json::from_str(text).map_err(|_| wrong())?;
    let at = OffsetDateTime::parse(&written, &Rfc3339).map_err(|_| wrong())?;
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).map_err(|_| wrong())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: u64 = 1_780_000_000_000;

    fn read(body: &str) -> Result<Outcome, String> {
        outcome(body.as_bytes(), &IdentityKey::derive(b"a key for tests"), NOW)
    }

    #[test]
    fn outcomes_of_turns_and_of_conversations() {
        let turn = "000102030405060708090a0b0c0d0e0f";
        let told = read(&format!(r#"{{"turn":"{turn}","outcome":" order kept ","value":true}}"#)).unwrap();
        assert_eq!((told.name.as_str(), told.value, told.at), ("order kept", OutcomeValue::Flag(true), NOW));
        assert_eq!(told.about, About::Turn(turn.parse().unwrap()));
        for (at, millis) in [("1779000000000", 1_779_000_000_000), ("\"2026-01-31T12:00:00+01:00\"", 1_769_857_200_000)]
        {
            let told = read(&format!(r#"{{"conversation":"42","outcome":"csat","value":4.5,"at":{at}}}"#)).unwrap();
            assert_eq!((told.value, told.at), (OutcomeValue::Number(4.5), millis));
            assert!(matches!(told.about, About::Given(_)));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_the_way_to_mend_it() {
        for (body, why) in [
            ("", "send JSON such as"),
            ("[]", "send JSON such as"),
            (r#"{"outcome":"a","value":1}"#, "either `turn` or `conversation`"),
            (r#"{"turn":"a","conversation":"b","outcome":"a","value":1}"#, "not both"),
            (r#"{"turn":"a","outcome":"a","value":1}"#, "x-groundwire-turn"),
            (r#"{"conversation":"","outcome":"a","value":1}"#, "1 to 512 bytes"),
            (r#"{"conversation":"c","outcome":"","value":1}"#, "1 to 64 bytes"),
            (r#"{"conversation":"c","outcome":"a\u0000","value":1}"#, "control characters"),
            (r#"{"conversation":"c","outcome":"a"}"#, "missing field `value`"),
            (r#"{"conversation":"c","outcome":"a","value":"yes"}"#, "true, false, or a number"),
            (r#"{"conversation":"c","outcome":"a","value":1e300}"#, "a number between"),
            (r#"{"conversation":"c","outcome":"a","value":1,"at":1780000000}"#, "milliseconds since 1970"),
            (r#"{"conversation":"c","outcome":"a","value":1,"at":"yesterday"}"#, "2026-01-31T12:00:00Z"),
            (r#"{"conversation":"c","outcome":"a","value":1,"at":1980000000000}"#, "more than a day ahead"),
            (r#"{"conversation":"c","outcome":"a","vaule":1}"#, "unknown field `vaule`"),
        ] {
            let told = read(body).unwrap_err();
            assert!(told.contains(why), "{body}: {told}");
        }
    }
}

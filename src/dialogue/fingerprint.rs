//! Identities: which turn this is, which one it continues, and which conversation it belongs to.
//!
//! All are keyed BLAKE3 hashes cut to 128 bits, so that a record names a turn without holding a word of it, and nobody
//! without the key can test a guess of the text against the record.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Conversation, Part, PartKind, Role, Turn};

/// The operator's key of all identities.
///
/// Records of two processes can be joined only where both use the same key.
#[derive(Clone)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// Derives the key from a secret of any length.
    pub fn derive(secret: &[u8]) -> Self {
        Self(blake3::derive_key("groundwire 2026 identity key v1", secret))
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey(..)")
    }
}

/// An opaque 128-bit identity, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id([u8; 16]);

impl Id {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn of(hasher: &blake3::Hasher) -> Self {
        let mut id = [0; 16];
        hasher.finalize_xof().fill(&mut id);
        Self(id)
    }
}

impl Id {
    /// Lower-case hexadecimal digits. Records hold four ids each, so this is worth more than a formatter a byte.
    fn hex<'a>(&self, digits: &'a mut [u8; 32]) -> &'a str {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (byte, pair) in self.0.iter().zip(digits.chunks_exact_mut(2)) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        // Digits are ASCII.
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex(&mut [0; 32]))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.hex(&mut [0; 32]))
    }
}

/// Where the identity of a conversation came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConversationSource {
    /// The request header `x-groundwire-conversation`.
    Header,
    /// An identifier in the request's body.
    Body,
    /// Tenant, system prompt and first user turn.
    Content,
}

/// The identities of one judged turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// All messages up to and with the last user turn.
    pub turn: Id,
    /// The same for the previous user turn of this conversation; `None` for an opening.
    pub parent: Option<Id>,
    /// The conversation.
    pub conversation: Id,
    /// How the conversation was recognised.
    pub source: ConversationSource,
}

impl Identity {
    /// Computes the identities of `conversation`, whose last user turn is the one being judged.
    ///
    /// `tenant` tells two customers of one proxy apart (the caller's credentials; only their hash is used). `explicit`
    /// is an identifier that the application gave for the conversation, and where it was found. Returns `None` where
    /// there is no user turn with text.
    ///
    /// The hash runs over who speaks and what is said. Texts count as they stand in the request (a string and an array
    /// of one text part are the same message; two escapings of one text are not), and marks that do not change what
    /// is said, such as cache breakpoints, do not count.
    pub fn of(
        key: &IdentityKey,
        conversation: &Conversation<'_>,
        tenant: &[u8],
        explicit: Option<(ConversationSource, &[u8])>,
    ) -> Option<Self> {
        let last = conversation.last_user()?;
        let turns = &conversation.turns;
        // What is hashed is put together first: the hash is several times faster over one long text than over many
        // short ones, which costs more than the copy.
        let mut text = b"turn v1".to_vec();
        let mut parent = None;
        if let Some(previous) = turns[..last].iter().rposition(Turn::is_user_text) {
            turns[..=previous].iter().for_each(|turn| absorb(&mut text, turn));
            parent = Some((text.len(), previous + 1));
        }
        let (end, next) = parent.unwrap_or_default();
        turns[next..=last].iter().for_each(|turn| absorb(&mut text, turn));
        let mut hasher = blake3::Hasher::new_keyed(&key.0);
        let parent = parent.map(|_| Id::of(hasher.update(&text[..end])));
        let turn = Id::of(hasher.update(&text[end..]));

        text.clear();
        text.extend_from_slice(b"conversation v1");
        framed(&mut text, tenant);
        let source = match explicit {
            Some((source, id)) => {
                framed(&mut text, id);
                source
            }
            None => {
                turns.iter().filter(|turn| turn.role == Role::System).for_each(|turn| absorb(&mut text, turn));
                turns.iter().find(|turn| turn.is_user_text()).into_iter().for_each(|turn| absorb(&mut text, turn));
                ConversationSource::Content
            }
        };
        let conversation = Id::of(blake3::Hasher::new_keyed(&key.0).update(&text));
        Some(Self { turn, parent, conversation, source })
    }
}

/// Adds `bytes` behind their length, so that no two sequences of pieces hash alike.
fn framed(text: &mut Vec<u8>, bytes: &[u8]) {
    text.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    text.extend_from_slice(bytes);
}

fn absorb(out: &mut Vec<u8>, turn: &Turn<'_>) {
    framed(out, turn.role.as_str().as_bytes());
    for part in &turn.parts {
        match part {
            Part::Text(text) if text.is_empty() => {}
            Part::Text(text) => framed(out, text.raw()),
            Part::Opaque(PartKind::Other, _) => {}
            Part::Opaque(kind, raw) => {
                out.extend_from_slice(&[0xFF, *kind as u8]);
                framed(out, raw);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(turns: &[(Role, &str)]) -> Identity {
        let turns = turns.iter().map(|&(role, text)| Turn::new(role, text)).collect();
        let key = IdentityKey::derive(b"test");
        Identity::of(&key, &Conversation { turns, tools: false }, b"tenant", None).unwrap()
    }

    #[test]
    fn the_next_turn_names_this_one_as_its_parent() {
        use Role::{Assistant, System, User};
        let first = identity(&[(System, "s"), (User, "a")]);
        let second = identity(&[(System, "s"), (User, "a"), (Assistant, "b"), (User, "c")]);
        let edited = identity(&[(System, "s"), (User, "a"), (Assistant, "b"), (User, "C")]);
        assert_eq!(first.parent, None);
        assert_eq!(second.parent, Some(first.turn));
        assert_eq!(edited.parent, second.parent, "an edit has the same parent");
        assert_ne!(edited.turn, second.turn, "and another turn");
        assert_eq!(first.conversation, second.conversation);
    }

    #[test]
    fn pieces_do_not_run_into_each_other() {
        use Role::User;
        assert_ne!(identity(&[(User, "ab"), (User, "c")]).turn, identity(&[(User, "a"), (User, "bc")]).turn);
    }

    #[test]
    fn another_key_or_tenant_changes_what_it_should() {
        let conversation = Conversation { turns: vec![Turn::new(Role::User, "hi")], tools: false };
        let key = IdentityKey::derive(b"a");
        let of = |key: &IdentityKey, tenant: &[u8]| Identity::of(key, &conversation, tenant, None).unwrap();
        assert_ne!(of(&key, b"t").turn, of(&IdentityKey::derive(b"b"), b"t").turn);
        assert_ne!(of(&key, b"t").conversation, of(&key, b"u").conversation);
        let explicit = Identity::of(&key, &conversation, b"t", Some((ConversationSource::Header, b"42"))).unwrap();
        assert_eq!(explicit.source, ConversationSource::Header);
        assert_ne!(explicit.conversation, of(&key, b"t").conversation);
    }
}

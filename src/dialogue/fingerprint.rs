//! Identities: which turn this is, which one it continues, and which conversation it belongs to.
//!
//! All are keyed BLAKE3 hashes cut to 128 bits, so that a record names a turn without holding a word of it, and nobody
//! without the key can test a guess of the text against the record.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; 16]);

impl Id {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The identity of a unit of an experiment: what `source` (say `header:x-groundwire-user`) held.
    ///
    /// The caller's credentials do not count: somebody whose key is exchanged stays where they were.
    pub fn of_unit(key: &IdentityKey, source: &str, value: &[u8]) -> Self {
        let mut hash = Absorbed::new(key, b"unit v1");
        hash.framed(source.as_bytes());
        hash.framed(value);
        hash.id()
    }

    fn of(hasher: &blake3::Hasher) -> Self {
        let hash = hasher.finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        Self(id)
    }
}

impl Id {
    /// An identity that begins with a time in milliseconds since 1970, so that later ones sort behind.
    pub(crate) fn at_millis(millis: u64, rest: [u8; 10]) -> Self {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        id[6..].copy_from_slice(&rest);
        Self(id)
    }

    /// The time that an identity [with a time](Self::at_millis) begins with.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code))]
    pub(crate) fn millis(&self) -> u64 {
        self.0[..6].iter().fold(0, |millis, byte| millis << 8 | u64::from(*byte))
    }

    /// The identity of these bytes, if they are as many as it takes.
    #[cfg_attr(not(any(feature = "sqlite", feature = "postgres")), allow(dead_code))]
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The identity of something that an application names, under the operator's key; `domain` tells kinds of things apart.
    #[cfg_attr(not(feature = "proxy"), allow(dead_code))]
    pub(crate) fn named(key: &IdentityKey, domain: &[u8], name: &[u8]) -> Self {
        let mut hash = Absorbed::new(key, domain);
        hash.framed(name);
        hash.id()
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digit = |c: u8| char::from(c).to_digit(16).filter(|_| !c.is_ascii_uppercase());
        let mut id = [0; 16];
        let pairs = text.as_bytes().as_chunks::<2>();
        if pairs.0.len() != id.len() || !pairs.1.is_empty() {
            return Err(format!("an identity has 32 hexadecimal digits, not {} bytes", text.len()));
        }
        for (byte, [high, low]) in id.iter_mut().zip(pairs.0) {
            let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
                return Err("an identity has hexadecimal digits, in lower case, and nothing else".to_owned());
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Self(id))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

impl Id {
    /// Lower-case hexadecimal digits. Records hold four ids each, so this is worth more than a formatter a byte.
    pub(crate) fn hex<'a>(&self, digits: &'a mut [u8; 32]) -> &'a str {
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
    /// The identifier that the application gave for it, alone: the same for every caller.
    pub given: Option<Id>,
}

/// What tells hashes of given identifiers of conversations from other hashes.
const GIVEN: &[u8] = b"given conversation v1";

impl Identity {
    /// What [`given`](Self::given) is of a conversation that the application calls `id`.
    pub fn given_as(key: &IdentityKey, id: &[u8]) -> Id {
        Id::named(key, GIVEN, id)
    }

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
        let mut hash = Absorbed::new(key, b"turn v1");
        let mut parent = None;
        let mut next = 0;
        if let Some(previous) = turns[..last].iter().rposition(Turn::is_user_text) {
            turns[..=previous].iter().for_each(|turn| hash.turn(turn));
            parent = Some(hash.id());
            next = previous + 1;
        }
        turns[next..=last].iter().for_each(|turn| hash.turn(turn));
        let turn = hash.id();

        hash.restart(b"conversation v1");
        hash.framed(tenant);
        let source = match explicit {
            Some((source, id)) => {
                hash.framed(id);
                source
            }
            None => {
                turns.iter().filter(|turn| turn.role == Role::System).for_each(|turn| hash.turn(turn));
                turns.iter().find(|turn| turn.is_user_text()).into_iter().for_each(|turn| hash.turn(turn));
                ConversationSource::Content
            }
        };
        let conversation = hash.id();
        let given = explicit.map(|(_, id)| {
            hash.restart(GIVEN);
            hash.framed(id);
            hash.id()
        });
        Some(Self { turn, parent, conversation, source, given })
    }

    /// What [`turn`](Self::turn) was of the earlier turns at `places`, when each was the last one; in the order of `places`.
    ///
    /// All messages up to the last of the places are hashed again, which is why it is asked for a few turns only.
    pub fn turns_at(key: &IdentityKey, conversation: &Conversation<'_>, places: &[usize]) -> Vec<Id> {
        let mut ordered: Vec<(usize, usize)> = places.iter().enumerate().map(|(i, &place)| (place, i)).collect();
        ordered.sort_unstable();
        let mut ids = Vec::with_capacity(places.len());
        let (mut hash, mut next) = (Absorbed::new(key, b"turn v1"), 0);
        for (place, i) in ordered {
            let upto = (place + 1).min(conversation.turns.len());
            conversation.turns[next.min(upto)..upto].iter().for_each(|turn| hash.turn(turn));
            next = upto;
            ids.push((i, hash.id()));
        }
        ids.sort_unstable_by_key(|&(i, _)| i);
        ids.into_iter().map(|(_, id)| id).collect()
    }
}

/// Bytes that are hashed at one time: sixteen of BLAKE3's chunks, which it takes side by side where the CPU can.
const BLOCK: usize = 16 * 1024;

/// Bytes of the lengths before the speaker and the text of a turn.
const FRAMES: usize = 16;

/// A hash in the making.
///
/// The hash is several times faster over one long text than over many short ones, so what is hashed is put together
/// first; a block at a time, which stays in the CPU's nearest cache, where a copy of the whole conversation drives out
/// what the kernel is about to send. (At 1 kB, 13,700 instructions for the three identities, where a copy that grew as it
/// went took 16,500; at 200 kB, 38 us, of which the hash itself takes 28.)
struct Absorbed {
    hasher: blake3::Hasher,
    /// What is not hashed yet; less than a block.
    waiting: Vec<u8>,
}

impl Absorbed {
    fn new(key: &IdentityKey, domain: &[u8]) -> Self {
        let mut waiting = Vec::with_capacity(BLOCK);
        waiting.extend_from_slice(domain);
        Self { hasher: blake3::Hasher::new_keyed(&key.0), waiting }
    }

    /// Begins another hash under the same key.
    fn restart(&mut self, domain: &[u8]) {
        self.hasher.reset();
        self.waiting.clear();
        self.waiting.extend_from_slice(domain);
    }

    /// The hash of everything so far; more may follow.
    fn id(&mut self) -> Id {
        self.hasher.update(&self.waiting);
        self.waiting.clear();
        Id::of(&self.hasher)
    }

    fn add(&mut self, mut bytes: &[u8]) {
        loop {
            let room = BLOCK - self.waiting.len();
            if bytes.len() < room {
                return self.waiting.extend_from_slice(bytes);
            }
            let (fits, rest) = bytes.split_at(room);
            if self.waiting.is_empty() {
                self.hasher.update(fits);
            } else {
                self.waiting.extend_from_slice(fits);
                self.hasher.update(&self.waiting);
                self.waiting.clear();
            }
            bytes = rest;
        }
    }

    /// Adds `bytes` behind their length, so that no two sequences of pieces hash alike.
    fn framed(&mut self, bytes: &[u8]) {
        self.add(&(bytes.len() as u64).to_le_bytes());
        self.add(bytes);
    }

    fn turn(&mut self, turn: &Turn<'_>) {
        let role = turn.role.as_str().as_bytes();
        if let [Part::Text(text)] = &turn.parts[..]
            && !text.is_empty()
            && self.waiting.len() + FRAMES + role.len() + text.raw().len() < BLOCK
        {
            // Nearly all turns: whether there is room is asked once.
            for piece in [role, text.raw()] {
                self.waiting.extend_from_slice(&(piece.len() as u64).to_le_bytes());
                self.waiting.extend_from_slice(piece);
            }
            return;
        }
        self.framed(role);
        for part in &turn.parts {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => self.framed(text.raw()),
                Part::Opaque(PartKind::Other, _) => {}
                Part::Opaque(kind, raw) => {
                    self.add(&[0xFF, *kind as u8]);
                    self.framed(raw);
                }
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
    fn earlier_turns_have_the_ids_that_they_had() {
        use Role::{Assistant, System, User};
        let said = [(System, "s"), (User, "a"), (Assistant, "b"), (User, "c"), (Assistant, "d"), (User, "e")];
        let turns = said.iter().map(|&(role, text)| Turn::new(role, text)).collect();
        let conversation = Conversation { turns, tools: false };
        let ids = Identity::turns_at(&IdentityKey::derive(b"test"), &conversation, &[3, 1, 5]);
        assert_eq!(ids, [identity(&said[..4]).turn, identity(&said[..2]).turn, identity(&said).turn]);
    }

    /// The identities as they were first recorded: one hash over one text. None may ever come out differently.
    #[test]
    fn blocks_change_no_identity() {
        let key = IdentityKey::derive(b"test");
        let hash = |text: &[u8]| Id::of(blake3::Hasher::new_keyed(&key.0).update(text));
        let long = "x".repeat(3 * BLOCK + 5);
        for size in [0, 1, 40, BLOCK - 60, BLOCK - 40, BLOCK - 23, BLOCK, 2 * BLOCK, 3 * BLOCK + 5] {
            for kind in [PartKind::Image, PartKind::Other] {
                let mut turns = vec![
                    Turn::new(Role::System, "be brief"),
                    Turn::new(Role::User, "a"),
                    Turn { role: Role::Assistant, parts: vec![Part::Opaque(kind, &long.as_bytes()[..size])] },
                    Turn::new(Role::User, &long[..size / 2]),
                ];
                turns.push(Turn::new(Role::User, "b"));
                let conversation = Conversation { turns, tools: false };
                let identity = Identity::of(&key, &conversation, b"tenant", None).unwrap();
                let mut text = b"turn v1".to_vec();
                let framed = |text: &mut Vec<u8>, bytes: &[u8]| {
                    text.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                    text.extend_from_slice(bytes);
                };
                let (mut before, mut system, mut first) = (Vec::new(), Vec::new(), Vec::new());
                for (at, turn) in conversation.turns.iter().enumerate() {
                    if at == 4 {
                        before.clone_from(&text);
                    }
                    let mut own = Vec::new();
                    framed(&mut own, turn.role.as_str().as_bytes());
                    match &turn.parts[0] {
                        Part::Opaque(PartKind::Other, _) => {}
                        Part::Opaque(kind, raw) => {
                            own.extend_from_slice(&[0xFF, *kind as u8]);
                            framed(&mut own, raw);
                        }
                        Part::Text(said) if said.is_empty() => {}
                        Part::Text(said) => framed(&mut own, said.raw()),
                    }
                    text.extend_from_slice(&own);
                    match at {
                        0 => system = own,
                        1 => first = own,
                        _ => {}
                    }
                }
                assert_eq!(identity.turn, hash(&text), "{size} {kind:?}");
                if size > 1 {
                    assert_eq!(identity.parent, Some(hash(&before)), "{size} {kind:?}");
                }
                let mut text = b"conversation v1".to_vec();
                framed(&mut text, b"tenant");
                assert_eq!(identity.conversation, hash(&[text, system, first].concat()));
            }
        }
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

//! What a host is told of a request while it is served, for a log of its own.

use std::sync::{Arc, OnceLock};

use crate::dialogue::{Bypass, GroundingAct, Id};
use crate::observe::Record;

/// Is told what became of a request; a request extension that hosts may set.
///
/// It is written before the inner service is called, or a reply of ours is given, and does not change after that.
#[derive(Clone, Debug, Default)]
pub struct Witness(Arc<OnceLock<Noted>>);

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Noted {
    /// The act that was performed.
    pub act: GroundingAct,
    /// Why it went through unjudged or without its act.
    pub bypass: Option<Bypass>,
    /// The turn, where it could be read.
    pub turn: Option<Id>,
}

impl Witness {
    /// What became of the request; `None` as long as that is open.
    pub fn noted(&self) -> Option<Noted> {
        self.0.get().copied()
    }

    pub(super) fn note(&self, record: &Record) {
        // Only the first is the truth, and there is no second.
        let _ = self.0.set(Noted { act: record.performed(), bypass: record.bypass, turn: record.turn });
    }

    pub(super) fn no_call(&self) {
        let _ = self.0.set(Noted { act: GroundingAct::None, bypass: Some(Bypass::NotACall), turn: None });
    }
}

//! What is known of the client's side of an exchange: whether its body failed, and whether the host refused it.
//!
//! A body that breaks off on its way through makes the inner service fail, too, with an error that says nothing of whose
//! fault it was. The body itself knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Refusal, Witness};
use crate::dialogue::Bypass;
use crate::engine::Pending;
use crate::observe::{Ending, Record};

/// The client's side of one exchange. Clones are one.
#[derive(Clone, Debug)]
pub(super) struct ClientSide {
    failed: Arc<AtomicBool>,
    refusal: Option<Refusal>,
    witness: Option<Witness>,
}

impl ClientSide {
    pub(super) fn new(refusal: Option<Refusal>, witness: Option<Witness>) -> Self {
        Self { failed: Arc::default(), refusal, witness }
    }

    /// The request goes on, or a reply of ours goes back: tells a host that wants to know. `None`: it is no chat call.
    pub(super) fn forwarded(&self, record: Option<&Record>) {
        match (&self.witness, record) {
            (Some(witness), Some(record)) => witness.note(record),
            (Some(witness), None) => witness.no_call(),
            (None, _) => {}
        }
    }

    /// The client's body gave an error.
    pub(super) fn body_failed(&self) {
        self.failed.store(true, Ordering::Release);
    }

    /// Why a body that failed, or is not to be read, was not judged; `None` where nothing is wrong so far.
    pub(super) fn bypass(&self) -> Option<Bypass> {
        match self.status() {
            Some(http::StatusCode::PAYLOAD_TOO_LARGE) => Some(Bypass::TooLarge),
            Some(_) => Some(Bypass::Truncated),
            None => self.failed.load(Ordering::Acquire).then_some(Bypass::Truncated),
        }
    }

    /// Ends the record of an exchange that the inner service, or its response, failed.
    pub(super) fn failed(&self, pending: &mut Pending) -> Ending {
        match self.status() {
            // A head that went out stands: the client saw that status, and then the response broke off.
            Some(_) if pending.record.status.is_some() => Ending::ClientLeft,
            Some(status) => {
                pending.record.status = Some(status.as_u16());
                Ending::Refused
            }
            None if self.failed.load(Ordering::Acquire) => Ending::ClientLeft,
            None => Ending::UpstreamFailed,
        }
    }

    fn status(&self) -> Option<http::StatusCode> {
        self.refusal.as_ref().and_then(Refusal::status)
    }
}

//! What stands in the place of the decoders in a build without the feature `codings`: none, so no coding is known.

use super::{Coding, Undecoded};

/// Never made.
pub(super) enum Stage {}

impl Stage {
    pub(super) fn new(coding: Coding) -> Self {
        unreachable!("{coding:?} is not known in this build")
    }

    pub(super) fn step(&mut self, _: &[u8], _: &mut [u8]) -> Result<(usize, usize), Undecoded> {
        match *self {}
    }

    pub(super) fn has_ended(&self) -> bool {
        match *self {}
    }
}

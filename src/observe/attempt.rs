//! The identity of one attempt at a turn: of two that are alike in all else, each has its own.

use std::time::{SystemTime, UNIX_EPOCH};

use super::trace::random;
use crate::dialogue::Id;

/// An identity that no other attempt has, in this or another process.
///
/// It begins with the time in milliseconds, as a UUID of version 7 does (RFC 9562, section 5.7), so that what is kept under
/// it is kept in the order in which it came.
pub(crate) fn attempt_at(time: SystemTime) -> Id {
    let millis = time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
    let mut rest = [0; 10];
    rest.copy_from_slice(&random().to_le_bytes()[..10]);
    Id::at_millis(millis, rest)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    #[test]
    fn attempts_of_one_moment_differ_and_later_ones_sort_behind() {
        let now = UNIX_EPOCH + Duration::from_millis(1_760_000_000_123);
        let made: HashSet<Id> = (0..1000).map(|_| attempt_at(now)).collect();
        assert_eq!(made.len(), 1000);
        let later = attempt_at(now + Duration::from_millis(1));
        assert!(made.iter().all(|id| id < &later && id.millis() == 1_760_000_000_123));
    }
}

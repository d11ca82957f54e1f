//! Signatures that were used, so that nobody uses one again.

use std::collections::{HashSet, VecDeque};

use crate::wire::signature::{SignatureError, VerifiedSignature};

/// The signatures of the last moments.
#[derive(Debug)]
pub(super) struct ReplayCache {
    max: usize,
    seen: HashSet<VerifiedSignature>,
    order: VecDeque<VerifiedSignature>,
}

impl ReplayCache {
    /// Remembers at most so many. One that is forgotten too early is harmless: its message was
    /// taken, and is taken once.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            seen: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Notes a signature that was found right, unless it was used before. Those older than
    /// `oldest`, in seconds since 1970, would not be believed any more and are forgotten.
    pub(super) fn note(
        &mut self,
        verified: VerifiedSignature,
        oldest: u64,
    ) -> Result<(), SignatureError> {
        let forgotten = |front: &VerifiedSignature| front.timestamp < oldest;
        while self.order.len() >= self.max || self.order.front().is_some_and(forgotten) {
            let Some(front) = self.order.pop_front() else {
                break;
            };
            self.seen.remove(&front);
        }
        if !self.seen.insert(verified.clone()) {
            return Err(SignatureError::Replayed);
        }
        self.order.push_back(verified);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(id: &str, timestamp: u64) -> VerifiedSignature {
        VerifiedSignature {
            id: id.to_owned(),
            timestamp,
        }
    }

    #[test]
    fn a_signature_is_used_once_and_a_later_one_of_the_same_message_again() {
        let mut replays = ReplayCache::new(10);
        assert_eq!(replays.note(verified("a", 100), 40), Ok(()));
        assert_eq!(
            replays.note(verified("a", 100), 40),
            Err(SignatureError::Replayed)
        );
        assert_eq!(replays.note(verified("a", 101), 40), Ok(()));
    }

    #[test]
    fn what_is_too_old_to_be_believed_is_forgotten_and_memory_is_bounded() {
        let mut replays = ReplayCache::new(3);
        for second in 100..110 {
            replays.note(verified("a", second), 0).unwrap();
        }
        assert_eq!((replays.order.len(), replays.seen.len()), (3, 3));
        replays.note(verified("b", 200), 150).unwrap();
        assert_eq!((replays.order.len(), replays.seen.len()), (1, 1));
    }
}

//! Signatures that were used, so that nobody uses one again.

use std::collections::{HashSet, VecDeque};

use crate::wire::signature::{Believed, Unbelieved};

/// The signatures of the last moments.
#[derive(Debug)]
pub(super) struct Replays {
    max: usize,
    seen: HashSet<Believed>,
    order: VecDeque<Believed>,
}

impl Replays {
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
    pub(super) fn note(&mut self, believed: Believed, oldest: u64) -> Result<(), Unbelieved> {
        let forgotten = |front: &Believed| front.timestamp < oldest;
        while self.order.len() >= self.max || self.order.front().is_some_and(forgotten) {
            let Some(front) = self.order.pop_front() else {
                break;
            };
            self.seen.remove(&front);
        }
        if !self.seen.insert(believed.clone()) {
            return Err(Unbelieved::Replayed);
        }
        self.order.push_back(believed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believed(id: &str, timestamp: u64) -> Believed {
        Believed {
            id: id.to_owned(),
            timestamp,
        }
    }

    #[test]
    fn a_signature_is_used_once_and_a_later_one_of_the_same_message_again() {
        let mut replays = Replays::new(10);
        assert_eq!(replays.note(believed("a", 100), 40), Ok(()));
        assert_eq!(
            replays.note(believed("a", 100), 40),
            Err(Unbelieved::Replayed)
        );
        assert_eq!(replays.note(believed("a", 101), 40), Ok(()));
    }

    #[test]
    fn what_is_too_old_to_be_believed_is_forgotten_and_memory_is_bounded() {
        let mut replays = Replays::new(3);
        for second in 100..110 {
            replays.note(believed("a", second), 0).unwrap();
        }
        assert_eq!((replays.order.len(), replays.seen.len()), (3, 3));
        replays.note(believed("b", 200), 150).unwrap();
        assert_eq!((replays.order.len(), replays.seen.len()), (1, 1));
    }
}

//! The latest changes, in their order.

use std::collections::VecDeque;
use std::sync::Arc;

use super::change::{Change, Position};

/// The latest changes, as many as there is room for.
#[derive(Clone, Debug)]
pub struct RecentChanges {
    entries: VecDeque<(Position, Arc<Change>)>,
    /// Of the last change that is not kept: everything after it is.
    floor: Position,
    capacity: usize,
}

impl RecentChanges {
    /// An empty log that begins here.
    pub fn new(floor: Position, capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            floor,
            capacity: capacity.max(1),
        }
    }

    /// Forgets all, and begins here.
    pub fn restart(&mut self, floor: Position) {
        self.entries.clear();
        self.floor = floor;
    }

    /// Where it ends.
    pub fn last(&self) -> Position {
        self.entries
            .back()
            .map_or(self.floor, |(position, _)| *position)
    }

    /// Adds a change, which must come after all others.
    pub fn push(&mut self, position: Position, change: Arc<Change>) {
        debug_assert!(position > self.last(), "changes come in their order");
        if self.entries.len() == self.capacity
            && let Some((gone, _)) = self.entries.pop_front()
        {
            self.floor = gone;
        }
        self.entries.push_back((position, change));
    }

    /// The changes after a position, or none at all where the log cannot know what came after it.
    pub fn after(
        &self,
        position: Position,
    ) -> Option<impl Iterator<Item = &(Position, Arc<Change>)>> {
        let from = if position == self.floor {
            0
        } else {
            let found = self
                .entries
                .binary_search_by_key(&position, |(position, _)| *position);
            found.ok()? + 1
        };
        Some(self.entries.range(from..))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ChangeKind, Email, Name, RandomBits, Timestamp, User, UserId, Version};
    use super::*;

    fn at(number: u64) -> Position {
        Position { time: 1, number }
    }

    fn log(changes: u64) -> RecentChanges {
        let id = UserId::new(Timestamp(1), RandomBits([0; 10]));
        let user = User {
            id,
            name: Name::new("Ana").unwrap(),
            email: Email::new("ana@exemplo.com").unwrap(),
            created: Timestamp(1),
            updated: Timestamp(1),
            expires: None,
            version: Version(1),
        };
        let change = Arc::new(Change {
            kind: ChangeKind::Created,
            user,
            at: Timestamp(1),
            traceparent: String::new(),
        });
        let mut log = RecentChanges::new(at(0), 3);
        (1..=changes).for_each(|number| log.push(at(number), Arc::clone(&change)));
        log
    }

    fn after(log: &RecentChanges, position: Position) -> Option<Vec<u64>> {
        let changes = log.after(position)?;
        Some(changes.map(|(position, _)| position.number).collect())
    }

    #[test]
    fn what_is_kept_is_told_from_any_position_that_is_known() {
        let log = log(5);
        assert_eq!(after(&log, at(2)), Some(vec![3, 4, 5]));
        assert_eq!(after(&log, at(4)), Some(vec![5]));
        assert_eq!(after(&log, at(5)), Some(vec![]));
        assert_eq!(log.last(), at(5));
    }

    #[test]
    fn what_may_have_been_missed_is_not_passed_over() {
        let log = log(5);
        let of_another_store = Position { time: 0, number: 7 };
        for unknown in [at(1), at(0), at(6), of_another_store] {
            assert_eq!(after(&log, unknown), None, "{unknown}");
        }
        assert_eq!(after(&self::log(0), at(0)), Some(vec![]));
    }

    #[test]
    fn a_log_that_begins_anew_knows_nothing_of_before() {
        let mut log = log(5);
        log.restart(at(9));
        assert_eq!(log.last(), at(9));
        assert_eq!(after(&log, at(9)), Some(vec![]));
        assert_eq!(after(&log, at(5)), None);
    }
}

//! What happens to users, and where in the order of things.

use std::fmt;

use super::user::{Timestamp, User};

/// What happens to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It was removed.
    Removed,
    /// Its time was up.
    Expired,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The user after it; of one that is gone, the last state.
    pub user: User,
    /// When: of one that expired, when its time was up.
    pub at: Timestamp,
    /// The trace in which it was made, a W3C `traceparent`; empty where none was recorded.
    pub traceparent: String,
}

/// Where a change stands among all: a time in milliseconds, and a number within it.
///
/// The same form as the ids of a Redis stream, so that either store can give them. No two changes
/// have the same, not even of two stores: a store begins at the time of its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Milliseconds since 1970.
    pub time: u64,
    /// Within them.
    pub number: u64,
}

impl Position {
    /// The position of what comes next, at this moment. Time does not go back.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Self {
        if now.0 > self.time {
            Self {
                time: now.0,
                number: 0,
            }
        } else {
            Self {
                number: self.number + 1,
                ..self
            }
        }
    }

    /// The text as a position, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (time, number) = text.split_once('-')?;
        let position = Self {
            time: time.parse().ok()?,
            number: number.parse().ok()?,
        };
        // Signs and leading zeros would make two texts of one.
        (position.to_string() == text).then_some(position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_only_go_forward() {
        let first = Position { time: 5, number: 0 };
        let second = first.next(Timestamp(5));
        let third = second.next(Timestamp(3));
        let fourth = third.next(Timestamp(6));
        assert!(first < second && second < third && third < fourth);
        assert_eq!(fourth.to_string(), "6-0");
    }

    #[test]
    fn a_position_has_one_text() {
        let position = Position {
            time: 1_700_000_000_000,
            number: 12,
        };
        assert_eq!(Position::parse(&position.to_string()), Some(position));
        for wrong in [
            "",
            "1",
            "1-",
            "-1",
            "1-+2",
            "01-2",
            "1-2-3",
            "a-b",
            "18446744073709551616-0",
        ] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }
}

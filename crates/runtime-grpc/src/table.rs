//! The memory of HTTP/2's table: a place for each call that was ever open at once on a connection.
//!
//! It grows with them and does not shrink before the connection ends, however soon they have.

use std::sync::{Mutex, PoisonError};

use super::turns::CALLS;
use runtime::memory::{MemoryBudget, MemoryReservation, OverBudget};

/// What a call takes in it, as measured.
const PLACE: usize = 640;

/// The table of one connection, as it is counted.
#[derive(Debug)]
pub(super) struct Table(Mutex<Counted>);

#[derive(Debug)]
struct Counted {
    places: usize,
    memory: MemoryReservation,
}

impl Table {
    /// One for the calls of a turn, which may all be refused.
    pub(super) fn new(budget: &MemoryBudget) -> Result<Self, OverBudget> {
        let memory = budget.take(CALLS * PLACE)?;
        let places = CALLS;
        Ok(Self(Mutex::new(Counted { places, memory })))
    }

    /// Grows to as many calls as are open, a turn's at a time.
    pub(super) fn hold(&self, calls: usize) -> Result<(), OverBudget> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if calls > counted.places {
            let places = calls.next_multiple_of(CALLS);
            counted.memory.resize(places * PLACE)?;
            counted.places = places;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_to_the_most_calls_that_were_open_and_within_the_memory() {
        let turn = CALLS * PLACE;
        let budget = MemoryBudget::of(2 * turn);
        let table = Table::new(&budget).unwrap();
        for (calls, held) in [(1, 1), (CALLS, 1), (CALLS + 1, 2), (1, 2)] {
            assert_eq!(table.hold(calls), Ok(()));
            assert_eq!(budget.held(), held * turn, "{calls}");
        }
        assert_eq!(table.hold(2 * CALLS + 1), Err(OverBudget));
        assert_eq!(table.hold(2 * CALLS), Ok(()));
        assert!(Table::new(&budget).is_err());
        drop(table);
        assert_eq!(budget.held(), 0);
    }
}

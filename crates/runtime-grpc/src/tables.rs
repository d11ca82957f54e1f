//! What HTTP/2 keeps for a connection that once had many calls.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use runtime::memory::{MemoryBudget, MemoryReservation, OverBudget};

use super::call::FEW_CALLS;

/// Counts the tables of h2, which grow by doubling with the calls that are open at once, and stay so
/// until the connection ends. Those for few calls are counted with its buffers.
#[derive(Debug)]
pub(super) struct Tables {
    /// For so many calls they are counted, or could not be.
    calls: AtomicUsize,
    memory: Mutex<MemoryReservation>,
}

/// What they take for each call: its state, and a place for a frame in either direction.
const CALL: usize = 640;

impl Tables {
    pub(super) fn of(budget: &MemoryBudget) -> Self {
        Self {
            calls: AtomicUsize::new(FEW_CALLS),
            memory: Mutex::new(budget.reservation()),
        }
    }

    /// So many calls are open.
    pub(super) fn hold(&self, calls: usize) -> Result<(), OverBudget> {
        if calls <= self.calls.load(Ordering::Relaxed) {
            return Ok(());
        }
        let calls = calls.next_power_of_two();
        self.calls.store(calls, Ordering::Relaxed);
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.resize(calls * CALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_counted_as_they_grow_and_until_their_connection_ends() {
        let budget = MemoryBudget::of(100_000);
        let tables = Tables::of(&budget);
        tables.hold(FEW_CALLS).unwrap();
        assert_eq!(budget.held(), 0);
        tables.hold(100).unwrap();
        assert_eq!(budget.held(), 128 * CALL);
        tables.hold(3).unwrap();
        tables.hold(128).unwrap();
        assert_eq!(budget.held(), 128 * CALL);
        assert_eq!(tables.hold(129), Err(OverBudget));
        drop(tables);
        assert_eq!(budget.held(), 0);
    }
}

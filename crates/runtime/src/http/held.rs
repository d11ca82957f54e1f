//! What one connection holds of the memory for connections and requests.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::memory::{MemoryBudget, OverBudget};

/// What hyper keeps for a connection that has sent something, beside what it has from the start. Most
/// requests fit in there, and cost no count of their own.
const BUFFERS: usize = 2 * 1024;

/// What a piece of a body takes beside its bytes, in the list of pieces that a handler gathers.
const PIECE: usize = 64;

/// Bytes of one connection, of which the budget knows.
#[derive(Debug)]
pub(super) struct HeldMemory {
    budget: MemoryBudget,
    /// What the budget was asked for.
    taken: AtomicUsize,
    /// What has come of the request under way, roughly.
    request: AtomicUsize,
    /// What came last, of which the next request may have some already.
    last: AtomicUsize,
    /// What was handed over of answers, and is not sent yet.
    answer: AtomicUsize,
}

impl HeldMemory {
    pub(super) fn new(budget: MemoryBudget) -> Self {
        Self {
            budget,
            taken: AtomicUsize::new(0),
            request: AtomicUsize::new(0),
            last: AtomicUsize::new(0),
            answer: AtomicUsize::new(0),
        }
    }

    /// Bytes of a head were read.
    pub(super) fn read(&self, count: usize) -> Result<(), OverBudget> {
        self.last.store(count, Ordering::Relaxed);
        self.hold(count)
    }

    /// A piece of a body was handed to whoever keeps it.
    pub(super) fn kept(&self, count: usize) -> Result<(), OverBudget> {
        self.hold(count.saturating_add(PIECE))
    }

    /// A piece of an answer is to be sent.
    pub(super) fn answered(&self, count: usize) -> Result<(), OverBudget> {
        self.budget.add(count)?;
        self.answer.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// Everything that was to be sent is.
    pub(super) fn answer_sent(&self) {
        if self.answer.load(Ordering::Relaxed) > 0 {
            self.budget.subtract(self.answer.swap(0, Ordering::Relaxed));
        }
    }

    fn hold(&self, count: usize) -> Result<(), OverBudget> {
        let request = self.request.fetch_add(count, Ordering::Relaxed) + count;
        let taken = self.taken.load(Ordering::Relaxed);
        let more = request.max(BUFFERS).saturating_sub(taken);
        if more > 0 {
            self.budget.add(more)?;
            self.taken.fetch_add(more, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The request is answered: what it held is free.
    pub(super) fn request_done(&self) {
        let begun = self.last.load(Ordering::Relaxed);
        self.request.store(begun, Ordering::Relaxed);
        let rest = begun.max(BUFFERS);
        if self.taken.load(Ordering::Relaxed) > rest {
            let taken = self.taken.swap(rest, Ordering::Relaxed);
            self.budget.subtract(taken - rest);
        }
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        let held = *self.taken.get_mut() + *self.answer.get_mut();
        self.budget.subtract(held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_requests_hold_what_the_connection_holds_anyway() {
        let budget = MemoryBudget::default();
        let connection = HeldMemory::new(budget.clone());
        assert_eq!(budget.held(), 0, "nothing has come");
        for _ in 0..100 {
            connection.read(500).unwrap();
            connection.kept(500).unwrap();
            assert_eq!(budget.held(), BUFFERS);
            connection.request_done();
            assert_eq!(budget.held(), BUFFERS);
        }
        drop(connection);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_large_request_holds_its_bytes_until_it_is_answered() {
        let budget = MemoryBudget::default();
        let connection = HeldMemory::new(budget.clone());
        connection.read(1500).unwrap();
        for _ in 0..10 {
            connection.kept(6000).unwrap();
        }
        assert_eq!(budget.held(), 1500 + 10 * (6000 + PIECE));
        connection.request_done();
        assert_eq!(budget.held(), BUFFERS);
    }

    #[test]
    fn what_came_behind_a_request_is_not_forgotten_with_it() {
        let budget = MemoryBudget::default();
        let connection = HeldMemory::new(budget.clone());
        connection.read(30_000).unwrap();
        connection.request_done();
        assert_eq!(budget.held(), 30_000);
        connection.read(100).unwrap();
        assert_eq!(budget.held(), 30_100);
        connection.request_done();
        assert_eq!(budget.held(), BUFFERS);
    }

    #[test]
    fn an_answer_is_held_until_it_is_sent_whatever_becomes_of_its_request() {
        let budget = MemoryBudget::default();
        let connection = HeldMemory::new(budget.clone());
        connection.read(500).unwrap();
        connection.answered(50_000).unwrap();
        connection.request_done();
        assert_eq!(budget.held(), BUFFERS + 50_000);
        connection.answer_sent();
        assert_eq!(budget.held(), BUFFERS);
        connection.answered(50_000).unwrap();
        drop(connection);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn what_is_refused_is_not_counted() {
        let budget = MemoryBudget::of(BUFFERS + 1000);
        let first = HeldMemory::new(budget.clone());
        first.read(BUFFERS).unwrap();
        let second = HeldMemory::new(budget.clone());
        assert_eq!(second.read(1), Err(OverBudget));
        drop(second);
        assert_eq!(first.kept(2000), Err(OverBudget));
        assert_eq!(budget.held(), BUFFERS);
        first.request_done();
        drop(first);
        assert_eq!(budget.held(), 0);
    }
}

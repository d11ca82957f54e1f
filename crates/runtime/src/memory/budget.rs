//! The count of what is held, and its limit. No I/O, no waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that many holders share. Every clone counts into the same ones.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    shared: Arc<Inner>,
    /// What the holder's address has, where it is a client's.
    share: Option<Arc<Share>>,
}

/// What one address has.
#[derive(Debug, Default)]
pub(crate) struct Share {
    /// Open connections.
    pub(crate) connections: AtomicUsize,
    /// Bytes, of its connections and their requests.
    held: AtomicUsize,
}

impl Share {
    /// Whether it is too much for the last quarter.
    fn is_large(&self, budget: usize) -> bool {
        self.connections.load(Ordering::Relaxed) >= FEW
            || self.held.load(Ordering::Relaxed) >= LITTLE.max(budget / FEW)
    }
}

#[derive(Debug)]
struct Inner {
    bytes: AtomicUsize,
    held: AtomicUsize,
}

/// An address with fewer connections than this, which hold less than one of so many parts of the memory
/// (or than [`LITTLE`]), may take from the last quarter, of places and of memory.
pub(crate) const FEW: usize = 32;

/// What an address may hold in any case, and still take from the last quarter.
const LITTLE: usize = 1 << 20;

/// What a crowd from one address may fill: it leaves room for everybody else.
pub(crate) fn without_the_last_quarter(most: usize) -> usize {
    most - most / 4
}

/// So much was asked for that the budget would be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the memory for connections and requests is used up")]
pub struct OverBudget;

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::of(Self::UNLIMITED)
    }
}

impl MemoryBudget {
    /// The budget of a process whose memory has no limit.
    pub const UNLIMITED: usize = 512 << 20;

    /// The name of this limit in metrics.
    pub const CODE: &'static str = "memory_budget";

    /// A budget of this many bytes.
    pub fn of(bytes: usize) -> Self {
        Self {
            shared: Arc::new(Inner {
                bytes: bytes.into(),
                held: AtomicUsize::new(0),
            }),
            share: None,
        }
    }

    /// The same bytes for the clients of one address. While it has not little, the last quarter is for
    /// others.
    pub(crate) fn of_address(&self, share: Arc<Share>) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            share: Some(share),
        }
    }

    /// How many bytes may be held.
    pub fn bytes(&self) -> usize {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Changes how many may be. What is held stays, also where that is more.
    pub fn set(&self, bytes: usize) {
        self.shared.bytes.store(bytes, Ordering::Relaxed);
    }

    /// How many bytes are held.
    pub fn held(&self) -> usize {
        self.shared.held.load(Ordering::Relaxed)
    }

    /// Holds this many bytes until the reservation is dropped.
    pub fn take(&self, bytes: usize) -> Result<MemoryReservation, OverBudget> {
        let mut reservation = self.reservation();
        reservation.resize(bytes)?;
        Ok(reservation)
    }

    /// A reservation of nothing so far.
    pub fn reservation(&self) -> MemoryReservation {
        MemoryReservation {
            budget: self.clone(),
            bytes: 0,
        }
    }

    pub(crate) fn add(&self, bytes: usize) -> Result<(), OverBudget> {
        let most = self.most();
        let within = |held: usize| held.checked_add(bytes).filter(|held| *held <= most);
        let added = self
            .shared
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within);
        added.map_err(|_| OverBudget)?;
        if let Some(share) = &self.share {
            share.held.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Up to where this holder may fill it.
    fn most(&self) -> usize {
        let bytes = self.bytes();
        let is_large = |share: &Arc<Share>| share.is_large(bytes);
        if self.share.as_ref().is_some_and(is_large) {
            without_the_last_quarter(bytes)
        } else {
            bytes
        }
    }

    pub(crate) fn subtract(&self, bytes: usize) {
        self.shared.held.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(share) = &self.share {
            share.held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

/// What one holder has of a budget, given back when dropped.
#[derive(Debug)]
pub struct MemoryReservation {
    budget: MemoryBudget,
    bytes: usize,
}

impl MemoryReservation {
    /// What it is a part of.
    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.budget
    }

    /// Holds this many bytes from now on. Where that would be too much, it holds what it did.
    pub fn resize(&mut self, bytes: usize) -> Result<(), OverBudget> {
        match bytes.checked_sub(self.bytes) {
            Some(0) => {}
            Some(more) => self.budget.add(more)?,
            None => self.budget.subtract(self.bytes - bytes),
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Holds this many bytes more.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OverBudget> {
        self.resize(self.bytes.saturating_add(bytes))
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.budget.subtract(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_beyond_the_budget_gets_nothing_and_who_came_before_keeps_theirs() {
        let budget = MemoryBudget::of(10);
        let mut first = budget.take(6).unwrap();
        let second = budget.take(4).unwrap();
        assert_eq!(budget.take(1).unwrap_err(), OverBudget);
        assert_eq!(first.grow(1), Err(OverBudget));
        assert_eq!(budget.held(), 10);
        drop(second);
        assert_eq!(first.grow(4), Ok(()));
        assert_eq!(first.resize(1), Ok(()));
        assert_eq!(budget.held(), 1);
        drop(first);
        assert_eq!(budget.held(), 0);
    }

    #[test]
    fn a_crowd_from_one_address_leaves_the_last_quarter_to_others() {
        let budget = MemoryBudget::of(100);
        let crowd = Arc::new(Share::default());
        let all = budget.take(75).unwrap();
        let mut first = budget.of_address(Arc::clone(&crowd)).take(5).unwrap();
        assert_eq!(first.grow(1), Ok(()), "they are few, and hold little");
        crowd.connections.store(FEW, Ordering::Relaxed);
        assert_eq!(first.grow(1), Err(OverBudget), "they are many");
        let other = budget.of_address(Arc::default()).take(19).unwrap();
        drop((all, first, other));
        assert_eq!(budget.held(), 0);
        assert_eq!(crowd.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn an_address_that_holds_much_by_few_connections_leaves_the_last_quarter_to_others() {
        for (budget, most) in [(64 * LITTLE, 2 * LITTLE), (8 * LITTLE, LITTLE)] {
            let budget = MemoryBudget::of(budget);
            let _all = budget
                .take(without_the_last_quarter(budget.bytes()))
                .unwrap();
            let mut greedy = budget.of_address(Arc::default()).take(most).unwrap();
            assert_eq!(greedy.grow(1), Err(OverBudget));
            let other = budget.of_address(Arc::default()).take(LITTLE - 1);
            assert!(other.is_ok());
            drop(other);
            let modest = budget.of_address(Arc::default()).take(most - 1);
            assert_eq!(modest.unwrap().grow(1), Ok(()));
        }
    }

    #[test]
    fn no_number_of_bytes_overflows() {
        let budget = MemoryBudget::of(usize::MAX);
        let mut held = budget.take(usize::MAX).unwrap();
        assert_eq!(held.grow(1), Ok(()), "it holds all there is");
        assert!(budget.take(1).is_err());
    }

    #[test]
    fn threads_that_take_and_give_back_never_exceed_it_and_leave_nothing() {
        let budget = MemoryBudget::of(100);
        std::thread::scope(|scope| {
            for seed in 1..=4_usize {
                let budget = budget.clone();
                scope.spawn(move || {
                    let mut own = budget.reservation();
                    for round in 0..10_000 {
                        let _refused = own.resize((round * seed * 31) % 60);
                        assert!(budget.held() <= 100);
                    }
                });
            }
        });
        assert_eq!(budget.held(), 0);
    }
}

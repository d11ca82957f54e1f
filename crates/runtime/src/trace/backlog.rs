//! The spans that wait to be sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::counter::Counter;

/// How many spans have ended and wait for the exporter, of how many that may. What finds no place is
/// counted as lost, once. Every clone counts the same ones.
#[derive(Clone, Debug)]
pub struct Backlog(Arc<Places>);

#[derive(Debug)]
struct Places {
    all: usize,
    taken: AtomicUsize,
    lost: Counter,
}

impl Default for Backlog {
    /// One that is never full.
    fn default() -> Self {
        Self::new(usize::MAX, Counter::default())
    }
}

impl Backlog {
    /// One for so many, which counts here what it has no place for.
    pub(crate) fn new(all: usize, lost: Counter) -> Self {
        let taken = AtomicUsize::new(0);
        Self(Arc::new(Places { all, taken, lost }))
    }

    /// Whether a span is worth making: were it to end now, there would be a place for it.
    pub(crate) fn admits(&self) -> bool {
        let has_place = self.0.taken.load(Ordering::Relaxed) < self.0.all;
        self.or_lost(has_place)
    }

    /// Takes a place, if there is one.
    pub(crate) fn enter(&self) -> bool {
        let next = |taken| (taken < self.0.all).then_some(taken + 1);
        let entered = self
            .0
            .taken
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, next);
        self.or_lost(entered.is_ok())
    }

    /// Gives back the places of so many that the exporter has taken.
    pub(crate) fn leave(&self, spans: usize) {
        self.0.taken.fetch_sub(spans, Ordering::Release);
    }

    fn or_lost(&self, has_place: bool) -> bool {
        if !has_place {
            self.0.lost.inc();
        }
        has_place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_place_is_lost_once_until_places_are_given_back() {
        let lost = Counter::default();
        let backlog = Backlog::new(2, lost.clone());
        for _ in 0..2 {
            assert!(backlog.admits());
            assert!(backlog.enter());
        }
        assert_eq!(lost.get(), 0);
        assert!(!backlog.admits());
        assert!(!backlog.enter(), "it began while there were places");
        assert_eq!(lost.get(), 2);
        backlog.leave(1);
        assert!(backlog.admits());
        assert!(backlog.enter());
        assert!(!backlog.admits());
        assert_eq!(lost.get(), 3);
    }
}

//! Whether Redis may be asked at all.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::watch;

/// Opens when Redis fails several times in a row; closed again by who looks after it, not by
/// chance. While it is open nobody asks.
#[derive(Debug)]
pub(super) struct Breaker {
    failures: AtomicU32,
    open: watch::Sender<bool>,
}

/// So many failures in a row open it: one may be a single slow answer.
const FAILURES: u32 = 3;

impl Breaker {
    /// Open, until Redis was seen.
    pub(super) fn new() -> Self {
        Self {
            failures: AtomicU32::new(0),
            open: watch::Sender::new(true),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Redis has answered.
    pub(super) fn success(&self) {
        // Most often there is nothing to forget, and nothing to write.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Redis has not answered in time.
    pub(super) fn failure(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.trip();
        }
    }

    /// Redis is away for certain.
    pub(super) fn trip(&self) {
        self.open
            .send_if_modified(|open| !std::mem::replace(open, true));
    }

    /// Redis is back.
    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.open
            .send_if_modified(|open| std::mem::replace(open, false));
    }

    /// Waits until it is open.
    pub(super) async fn opened(&self) {
        // The sender is here, so that this ends only well.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        let _ = self.open.subscribe().wait_for(|open| !*open).await; // the same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_failures_in_a_row_open_it_and_no_answer_closes_it() {
        let breaker = Breaker::new();
        breaker.close();
        for _ in 0..5 {
            breaker.failure();
            breaker.failure();
            breaker.success();
        }
        assert!(!breaker.is_open());
        (0..FAILURES).for_each(|_| breaker.failure());
        breaker.opened().await;
        breaker.success(); // of a command that was under way
        assert!(breaker.is_open());
        breaker.close();
        breaker.failure();
        assert!(!breaker.is_open());
    }
}

//! How many calls may be sent again.

use std::sync::atomic::{AtomicU32, Ordering};

/// A share of all calls that may be repeated, so that retries never multiply the load on servers
/// that fail because of it. The rule is Envoy's and Linkerd's: a percentage, and a few at once.
#[derive(Debug)]
pub(super) struct RetryBudget {
    percent: u32,
    /// What was saved up, in hundredths of a retry.
    saved: AtomicU32,
}

/// How many retries can be saved up, in hundredths: about as many as calls break off at once when
/// a busy server dies.
const MOST: u32 = 100 * RETRY;
const RETRY: u32 = 100;

impl RetryBudget {
    /// A budget that begins full, so that a first failure can be mended.
    pub(super) fn new(percent: u32) -> Self {
        let saved = AtomicU32::new(if percent == 0 { 0 } else { MOST });
        Self { percent, saved }
    }

    /// One call was made.
    pub(super) fn earn(&self) {
        let more = |saved: u32| Some(saved.saturating_add(self.percent).min(MOST));
        let _ = self
            .saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Takes one retry; false where none is left.
    pub(super) fn spend(&self) -> bool {
        let less = |saved: u32| saved.checked_sub(RETRY);
        self.saved
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retried(budget: &RetryBudget, calls: usize) -> usize {
        let outcomes = (0..calls).map(|_| {
            budget.earn();
            budget.spend()
        });
        outcomes.filter(|retried| *retried).count()
    }

    #[test]
    fn where_every_call_fails_the_share_is_repeated_and_no_more() {
        let budget = RetryBudget::new(20);
        assert_eq!(retried(&budget, 1000), 100 + 199);
    }

    #[test]
    fn single_failures_are_all_repeated() {
        let budget = RetryBudget::new(20);
        for _ in 0..100 {
            assert!(budget.spend());
            (0..5).for_each(|_| budget.earn());
        }
    }

    #[test]
    fn long_peace_saves_up_a_hundred_and_no_more() {
        let budget = RetryBudget::new(20);
        (0..1000).for_each(|_| budget.earn());
        assert_eq!((0..200).filter(|_| budget.spend()).count(), 100);
    }

    #[test]
    fn no_share_is_no_retry() {
        assert_eq!(retried(&RetryBudget::new(0), 1000), 0);
    }
}

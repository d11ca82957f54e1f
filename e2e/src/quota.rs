//! How much is done: so many, or at least so many and then until the end is told.
//!
//! How long something takes that is broken meanwhile, a rollout for one, depends on the machine. So
//! what goes on beside it does not stop by a number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Nothing goes on longer than this.
const LONGEST: Duration = Duration::from_mins(10);

/// Counts what is begun, and knows when it is enough.
#[derive(Debug)]
pub struct Quota {
    least: u64,
    begun: AtomicU64,
    told: AtomicBool,
    started: Instant,
}

impl Quota {
    /// So many and no more.
    pub fn exactly(number: u64) -> Self {
        let quota = Self::at_least(number);
        quota.end();
        quota
    }

    /// So many, and more until [`Self::end`].
    pub fn at_least(number: u64) -> Self {
        Self {
            least: number,
            begun: AtomicU64::new(0),
            told: AtomicBool::new(false),
            started: Instant::now(),
        }
    }

    /// Tells that it is enough, once the least number is done.
    pub fn end(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// How many there are at least.
    pub fn least(&self) -> u64 {
        self.least
    }

    /// How long it has gone on.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Takes one more, and gives its number; none when it is enough.
    pub fn take(&self) -> Option<u64> {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        let wanted = number < self.least || !self.told.load(Ordering::Relaxed);
        (wanted && self.elapsed() < LONGEST).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_all_or_the_least_until_the_end_is_told() {
        let exact = Quota::exactly(2);
        assert_eq!([(); 3].map(|()| exact.take()), [Some(0), Some(1), None]);

        let open = Quota::at_least(2);
        assert_eq!([(); 3].map(|()| open.take()), [0, 1, 2].map(Some));
        open.end();
        assert_eq!(open.take(), None);

        let early = Quota::at_least(2);
        early.end();
        assert_eq!([(); 3].map(|()| early.take()), [Some(0), Some(1), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_on_for_ever() {
        let open = Quota::at_least(u64::MAX);
        assert!(open.take().is_some());
        tokio::time::advance(LONGEST).await;
        assert_eq!(open.take(), None);
    }
}

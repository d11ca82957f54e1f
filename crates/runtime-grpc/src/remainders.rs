//! Answers that have ended on this side, and that their client has not taken.
//!
//! HTTP/2 takes the whole end of an answer as soon as a window is open by a byte, and sends it as the
//! client lets it. Whoever ran the call is gone then, and nobody can reset the stream: who takes it a
//! byte at a time, or not at all, is got rid of with its connection.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

/// What is left of the answers of one connection.
#[derive(Debug, Default)]
pub(super) struct Remainders(Mutex<Left>);

#[derive(Debug, Default)]
struct Left {
    /// How many ended in each period, and are not taken. The slot after this one is the oldest.
    by_period: [usize; PERIODS + 1],
    now: usize,
}

/// So many whole periods an answer may be left.
const PERIODS: usize = 2;

impl Remainders {
    /// Returns when something has been left for this long, or up to half of it longer.
    pub(super) async fn overdue(&self, limit: Duration) {
        let periods = u32::try_from(PERIODS).unwrap_or(u32::MAX);
        loop {
            sleep(limit / periods).await;
            if self.turn() {
                return;
            }
        }
    }

    /// How many answers are left.
    pub(super) fn count(&self) -> usize {
        self.lock().by_period.iter().sum()
    }

    /// Begins a period, unless something is left of the one whose slot it would take.
    fn turn(&self) -> bool {
        let mut left = self.lock();
        let oldest = (left.now + 1) % left.by_period.len();
        if left.by_period[oldest] > 0 {
            return true;
        }
        left.now = oldest;
        false
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left of one answer, once it has ended, until this is dropped.
#[derive(Debug)]
pub(super) struct Remainder {
    all: Arc<Remainders>,
    since: OnceLock<usize>,
}

impl Remainder {
    /// Nothing is left of it yet: it has not ended.
    pub(super) fn of(all: &Arc<Remainders>) -> Self {
        Self {
            all: Arc::clone(all),
            since: OnceLock::new(),
        }
    }

    /// The answer has ended on this side.
    pub(super) fn begin(&self) {
        self.since.get_or_init(|| {
            let mut left = self.all.lock();
            let now = left.now;
            left.by_period[now] += 1;
            now
        });
    }
}

impl Drop for Remainder {
    fn drop(&mut self) {
        if let Some(period) = self.since.get() {
            self.all.lock().by_period[*period] -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep_until, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn ended(all: &Arc<Remainders>) -> Remainder {
        let answer = Remainder::of(all);
        answer.begin();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_for_too_long_is_told() {
        for after in [0, 1, 14, 16, 29] {
            let (all, began) = (Arc::<Remainders>::default(), Instant::now());
            let ends = began + Duration::from_secs(after);
            let answer = async {
                sleep_until(ends).await;
                ended(&all)
            };
            let (_answer, ()) = tokio::join!(answer, all.overdue(LIMIT));
            let took = ends.elapsed();
            assert!(LIMIT < took && took <= LIMIT * 3 / 2, "{after}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_taken_in_time_is_no_matter_however_much_it_is() {
        let all = Arc::<Remainders>::default();
        let answers = async {
            loop {
                let _answer = ended(&all);
                sleep(LIMIT * 29 / 30).await;
            }
        };
        let under_way = Remainder::of(&all);
        let told = async { timeout(LIMIT * 100, all.overdue(LIMIT)).await };
        tokio::select! {
            () = answers => {}
            told = told => assert!(told.is_err()),
        }
        drop(under_way);
        assert_eq!(all.count(), 0);
    }
}

//! How the hub asks a store again that did not answer.

use std::time::Duration;

use runtime::Lifecycle;
use runtime::backoff::Backoff;

use crate::domain::log::{AppendOutcome, Refusal};

/// Shortest and longest wait between two tries to reach Redis.
pub const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Repeats an append while its store fails. A process that stops gives up after a try: the other
/// replicas announce who left with it, or it does so itself when it is started again.
pub(super) async fn until_taken<F>(append: impl Fn() -> F, lifecycle: &Lifecycle)
where
    F: Future<Output = AppendOutcome>,
{
    let mut backoff = Backoff::new(RETRY.0, RETRY.1);
    while let AppendOutcome::Unknown | AppendOutcome::Refused(Refusal::Unavailable) = append().await
    {
        tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            () = tokio::time::sleep(backoff.failure()) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use testing::TestLifecycle;
    use tokio::time::Instant;

    use super::*;

    /// A store that answers errors so many times, and how often it was asked.
    async fn asked(errors: u32, lifecycle: &TestLifecycle) -> u32 {
        let asked = Cell::new(0);
        let append = || {
            asked.set(asked.get() + 1);
            std::future::ready(if asked.get() > errors {
                AppendOutcome::Refused(Refusal::OutboxFull)
            } else if asked.get().is_multiple_of(2) {
                AppendOutcome::Refused(Refusal::Unavailable)
            } else {
                AppendOutcome::Unknown
            })
        };
        until_taken(append, lifecycle.lifecycle()).await;
        asked.get()
    }

    /// Once it was asked again at once, in a loop that took a whole processor.
    #[tokio::test(start_paused = true)]
    async fn a_store_that_answers_errors_is_asked_again_after_a_wait() {
        let (lifecycle, begun) = (TestLifecycle::default(), Instant::now());
        assert_eq!(asked(5, &lifecycle).await, 6);
        assert!(begun.elapsed() >= RETRY.0 * 5, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_stops_asks_once() {
        let lifecycle = TestLifecycle::default();
        lifecycle.lifecycle().stop();
        assert_eq!(asked(u32::MAX, &lifecycle).await, 1);
    }
}

//! What callers get while Redis does not answer.

use std::time::Duration;

use runtime::Lifecycle;
use runtime::backoff::Backoff;

use super::breaker::Breaker;
use super::error::RedisError;

/// What callers get while Redis does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// An error, at once: the callers have callers, who are told to come back later.
    FailFast,
    /// The answer, however late: a command is sent again, with backoff, until it is known what became
    /// of it. A process that stops sends each once: a Redis that went along with it never comes back.
    /// So a command must do no harm when it is done twice.
    KeepAsking,
}

/// The repetitions of one command.
pub(super) struct Repetition<'a> {
    policy: Policy,
    breaker: &'a Breaker,
    lifecycle: &'a Lifecycle,
    backoff: Backoff,
}

/// The wait after the first failure.
const FIRST_WAIT: Duration = Duration::from_millis(20);

impl<'a> Repetition<'a> {
    pub(super) fn new(
        policy: Policy,
        breaker: &'a Breaker,
        lifecycle: &'a Lifecycle,
        longest_wait: Duration,
    ) -> Self {
        Self {
            policy,
            breaker,
            lifecycle,
            backoff: Backoff::new(FIRST_WAIT, longest_wait),
        }
    }

    /// Waits until the command may be sent again; gives the error back where it may not.
    pub(super) async fn after(&mut self, error: RedisError) -> Result<(), RedisError> {
        if self.policy == Policy::FailFast || !error.may_pass() {
            return Err(error);
        }
        let wait = self.backoff.failure();
        let worth_it = async {
            tokio::time::sleep(wait).await;
            tokio::select! {
                () = self.breaker.closed() => {}
                // The health check ends with the service: from then on each sees for itself.
                () = self.lifecycle.draining() => {}
            }
        };
        tokio::select! {
            biased;
            () = self.lifecycle.stopping() => Err(error),
            () = worth_it => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use runtime::metrics::Metrics;

    use super::*;

    fn away() -> RedisError {
        RedisError::Unavailable("it is away".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_asking_does_so_until_the_process_stops() {
        let (breaker, lifecycle) = (Breaker::new(), Lifecycle::new(Metrics::new("test", "0")));
        let repetition =
            |policy| Repetition::new(policy, &breaker, &lifecycle, Duration::from_secs(1));
        let mut fails_fast = repetition(Policy::FailFast);
        assert!(fails_fast.after(away()).await.is_err());

        let mut keeps_asking = repetition(Policy::KeepAsking);
        breaker.close();
        for _ in 0..10 {
            assert!(keeps_asking.after(away()).await.is_ok());
        }
        let wrong = RedisError::Answer("of another program".to_owned());
        assert!(keeps_asking.after(wrong).await.is_err());

        breaker.trip();
        let waiting = keeps_asking.after(away());
        let waited = tokio::time::timeout(Duration::from_hours(1), waiting).await;
        assert!(waited.is_err(), "nobody is asked while the breaker is open");
        lifecycle.drain(); // the health check ends soon
        assert!(keeps_asking.after(away()).await.is_ok());
        lifecycle.stop();
        assert!(keeps_asking.after(away()).await.is_err());
    }

    /// Redis may say at once that it refuses, again and again.
    #[tokio::test(start_paused = true)]
    async fn between_two_tries_there_is_a_wait() {
        let (breaker, lifecycle) = (Breaker::new(), Lifecycle::new(Metrics::new("test", "0")));
        breaker.close();
        let longest = Duration::from_secs(1);
        let mut repetition = Repetition::new(Policy::KeepAsking, &breaker, &lifecycle, longest);
        let begun = tokio::time::Instant::now();
        for _ in 0..3 {
            let refused = RedisError::Refused("READONLY".to_owned());
            assert!(repetition.after(refused).await.is_ok());
        }
        assert!(begun.elapsed() >= FIRST_WAIT * 3, "{:?}", begun.elapsed());
    }
}

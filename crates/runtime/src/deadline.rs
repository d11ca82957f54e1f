//! By when the caller wants an answer, carried along with the work for it.
//!
//! A server opens the scope from what its caller said; whoever asks somebody else in it waits no
//! longer and passes on what is left.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Option<Instant>;
}

/// The deadline of the work at hand, if it has one.
pub fn current() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok().flatten()
}

/// How long the work at hand may still take, at most this long. Zero where the deadline has passed.
pub fn remaining(at_most: Duration) -> Duration {
    current().map_or(at_most, |deadline| {
        deadline
            .saturating_duration_since(Instant::now())
            .min(at_most)
    })
}

/// Does work that has this deadline. It is told, not enforced.
pub async fn scope<F: Future>(deadline: Option<Instant>, work: F) -> F::Output {
    DEADLINE.scope(deadline, work).await
}

/// The same for work that does not wait, such as one poll of a body.
pub fn sync_scope<T>(deadline: Option<Instant>, work: impl FnOnce() -> T) -> T {
    DEADLINE.sync_scope(deadline, work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_remains_shrinks_and_is_never_more_than_allowed() {
        let second = Duration::from_secs(1);
        assert_eq!((current(), remaining(second)), (None, second));
        let deadline = Instant::now() + second;
        scope(Some(deadline), async {
            assert_eq!(remaining(second / 4), second / 4);
            tokio::time::advance(second / 2).await;
            assert_eq!(remaining(second), second / 2);
            tokio::time::advance(second).await;
            assert_eq!(remaining(second), Duration::ZERO);
        })
        .await;
        assert_eq!(current(), None);
    }
}

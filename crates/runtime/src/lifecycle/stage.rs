//! One stage of a service's end, and the wait for it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// A stage that is reached once.
#[derive(Debug, Default)]
pub(super) struct Stage {
    reached: AtomicBool,
    token: CancellationToken,
}

impl Stage {
    pub(super) fn reach(&self) {
        // In this order: whoever the token wakes finds the stage reached.
        self.reached.store(true, Ordering::Release);
        self.token.cancel();
    }

    pub(super) fn is_reached(&self) -> bool {
        self.reached.load(Ordering::Acquire)
    }

    pub(super) fn reached(&self) -> StageReached<'_> {
        StageReached {
            stage: self,
            token: self.token.cancelled(),
            waker: None,
        }
    }
}

pin_project_lite::pin_project! {
    /// The wait for a stage.
    ///
    /// It goes on beside all that a connection does. To ask the token each time would take its locks;
    /// it is asked once for each waker.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct StageReached<'a> {
        stage: &'a Stage,
        #[pin]
        token: WaitForCancellationFuture<'a>,
        waker: Option<Waker>,
    }
}

impl Future for StageReached<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let is_known = this
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if is_known && !this.stage.is_reached() {
            return Poll::Pending;
        }
        *this.waker = Some(cx.waker().clone());
        this.token.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;

    use testing::Wakes;

    use super::*;

    #[test]
    fn whoever_polled_last_is_woken_when_the_stage_is_reached() {
        let stage = Stage::default();
        let (first, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        let (waker, other) = (
            Waker::from(Arc::clone(&first)),
            Waker::from(Arc::clone(&last)),
        );
        let mut reached = pin!(stage.reached());
        for waker in [&waker, &waker, &other, &other] {
            let polled = reached.as_mut().poll(&mut Context::from_waker(waker));
            assert!(polled.is_pending());
        }
        stage.reach();
        assert_eq!(first.count(), 0);
        assert_eq!(last.count(), 1);
        let polled = reached.as_mut().poll(&mut Context::from_waker(&other));
        assert!(polled.is_ready());
    }

    #[tokio::test]
    async fn a_stage_that_was_reached_before_is_not_waited_for() {
        let stage = Stage::default();
        assert!(!stage.is_reached());
        stage.reach();
        stage.reached().await;
        assert!(stage.is_reached());
    }
}

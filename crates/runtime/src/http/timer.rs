//! How long the phases of a connection may last.
//!
//! hyper's header timeout counts from the end of the last answer, so that it would cut idle
//! connections too. This timer follows the phase of the connection instead, and runs beside hyper: one
//! within the stream would be asked only where hyper reads.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::limits::HttpLimits;
use super::phase::{Phase, SharedPhase};

/// Tells when a client has taken too long for the phase that its connection is in.
#[derive(Debug)]
pub(super) struct PhaseTimer {
    limits: HttpLimits,
    phase: SharedPhase,
    timer: Timer,
}

impl PhaseTimer {
    pub(super) fn new(limits: HttpLimits, phase: SharedPhase) -> Self {
        Self {
            limits,
            phase,
            timer: Timer::default(),
        }
    }

    /// Which limit has passed. To be asked after each turn of the connection, which may change its phase.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let (limit, reason) = match self.phase.get() {
            Phase::Fresh => (self.limits.first_byte_timeout, "first_byte_timeout"),
            Phase::Head => (self.limits.header_timeout, "header_timeout"),
            Phase::Idle => (self.limits.idle_timeout, "idle_timeout"),
            // Bodies, answers and refused clients have limits of their own; a handler may take its time.
            Phase::Active | Phase::Upgraded | Phase::Closing => return Poll::Pending,
        };
        if self.phase.has_changed() {
            self.timer.restart(limit);
        }
        ready!(self.timer.poll(cx));
        Poll::Ready(reason)
    }
}

/// A timer that keeps its allocation between uses, and its place among the runtime's timers: one that
/// is set again before it has passed moves only when its first time comes.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// None while it does not run.
    deadline: Option<Instant>,
}

impl Timer {
    pub(super) fn restart(&mut self, after: Duration) {
        let deadline = Instant::now() + after;
        match &mut self.sleep {
            Some(sleep) if sleep.deadline() <= deadline => {}
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(deadline))),
        }
        self.deadline = Some(deadline);
    }

    pub(super) fn start(&mut self, after: Duration) {
        if !self.runs() {
            self.restart(after);
        }
    }

    pub(super) fn stop(&mut self) {
        self.deadline = None;
    }

    pub(super) fn runs(&self) -> bool {
        self.deadline.is_some()
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(sleep), Some(deadline)) = (&mut self.sleep, self.deadline) else {
            return Poll::Pending;
        };
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::memory::MemoryBudget;

    const SECOND: Duration = Duration::from_secs(1);

    fn timer() -> (PhaseTimer, SharedPhase) {
        let limits = HttpLimits {
            first_byte_timeout: SECOND,
            header_timeout: 2 * SECOND,
            idle_timeout: 10 * SECOND,
            ..HttpLimits::of_admin()
        };
        let phase = SharedPhase::new(MemoryBudget::default());
        (PhaseTimer::new(limits, phase.clone()), phase)
    }

    fn has_passed(timer: &mut Timer) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        timer.poll(&mut cx).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_passes_at_the_last_time_that_it_was_set_to_be_that_later_or_earlier() {
        for (first, then) in [(2_u32, 5_u32), (5, 2), (3, 3)] {
            let mut timer = Timer::default();
            timer.restart(first * SECOND);
            assert!(!has_passed(&mut timer));
            timer.restart(then * SECOND);
            let nearly = Duration::from_millis(1000 * u64::from(then) - 1);
            tokio::time::advance(nearly).await;
            assert!(!has_passed(&mut timer), "{first} {then}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(has_passed(&mut timer), "{first} {then}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_runs_is_not_started_again_and_one_that_was_stopped_never_passes() {
        let mut timer = Timer::default();
        assert!(!timer.runs() && !has_passed(&mut timer));
        timer.start(2 * SECOND);
        tokio::time::advance(SECOND).await;
        timer.start(2 * SECOND);
        assert!(timer.runs());
        tokio::time::advance(SECOND).await;
        assert!(has_passed(&mut timer));
        timer.stop();
        assert!(!timer.runs() && !has_passed(&mut timer));
        timer.start(SECOND);
        assert!(!has_passed(&mut timer));
        tokio::time::advance(SECOND).await;
        assert!(has_passed(&mut timer));
    }

    /// What has passed after this time.
    async fn after(time: Duration, timer: &mut PhaseTimer) -> Option<&'static str> {
        tokio::time::advance(time).await;
        match timer.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reason) => Some(reason),
            Poll::Pending => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_own_limit() {
        for (phase, passed) in [
            (Phase::Fresh, Some("first_byte_timeout")),
            (Phase::Head, Some("header_timeout")),
            (Phase::Idle, Some("idle_timeout")),
            (Phase::Active, None),
            (Phase::Upgraded, None),
            (Phase::Closing, None),
        ] {
            let (mut timer, shared) = timer();
            assert_eq!(after(Duration::ZERO, &mut timer).await, None);
            shared.set(phase);
            assert_eq!(after(Duration::ZERO, &mut timer).await, None);
            assert_eq!(after(11 * SECOND, &mut timer).await, passed, "{phase:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_phase_that_begins_again_has_its_whole_time() {
        let (mut timer, phase) = timer();
        phase.set(Phase::Idle);
        assert_eq!(after(Duration::ZERO, &mut timer).await, None);
        for _ in 0..3 {
            assert_eq!(after(9 * SECOND, &mut timer).await, None);
            // A request is read and answered in one turn.
            phase.set(Phase::Active);
            phase.set(Phase::Idle);
            assert_eq!(after(Duration::ZERO, &mut timer).await, None);
        }
        assert_eq!(after(9 * SECOND, &mut timer).await, None);
        assert_eq!(after(2 * SECOND, &mut timer).await, Some("idle_timeout"));
    }
}

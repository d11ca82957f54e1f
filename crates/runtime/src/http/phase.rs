//! The phase of a connection, on which its timers, its drain and its share of memory must agree.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use tokio::time::{Instant, sleep_until};

use super::held::HeldMemory;
use super::problem;
use crate::memory::{MemoryBudget, OverBudget};

/// The phase of an HTTP/1.1 connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Open, and not a byte has come yet.
    Fresh = 0,
    /// Some bytes of a request's head have come.
    Head = 1,
    /// A request is being read, answered or written.
    Active = 2,
    /// The last answer is written; the next request may come.
    Idle = 3,
    /// Another protocol has taken over; its times are its own.
    Upgraded = 4,
    /// No further request is read. What still comes is thrown away.
    Closing = 5,
}

/// Why a body is read no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum GivenUp {
    /// There is no memory for it.
    NoMemory = 1,
    /// It took too long.
    TooSlow = 2,
}

impl GivenUp {
    /// A bounded name, for metrics.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::NoMemory => MemoryBudget::CODE,
            Self::TooSlow => "body_timeout",
        }
    }

    pub(super) fn answer(self) -> Response {
        match self {
            Self::NoMemory => problem::no_memory_for_request(),
            Self::TooSlow => problem::body_too_slow(),
        }
    }
}

/// A phase that the connection's stream, its service and its timer share.
#[derive(Clone, Debug)]
pub(super) struct SharedPhase(Arc<PhaseCell>);

#[derive(Debug)]
struct PhaseCell {
    phase: AtomicU8,
    /// Whether it was set since its timer asked.
    has_changed: AtomicBool,
    /// Whether the client may still be sending what nobody reads.
    unread: AtomicBool,
    /// Whether a request was begun in this turn of the connection's task.
    has_begun: AtomicBool,
    /// Why the body of the last request was given up, if it was.
    given_up: AtomicU8,
    /// When the next request may begin, if its client was told to wait.
    held_back: Mutex<Option<Instant>>,
    memory: HeldMemory,
}

impl SharedPhase {
    /// A connection that has not sent anything, and counts what it sends on this budget.
    pub(super) fn new(memory: MemoryBudget) -> Self {
        Self(Arc::new(PhaseCell {
            phase: AtomicU8::new(Phase::Fresh as u8),
            has_changed: AtomicBool::new(true),
            unread: AtomicBool::new(false),
            has_begun: AtomicBool::new(false),
            given_up: AtomicU8::new(0),
            held_back: Mutex::new(None),
            memory: HeldMemory::new(memory),
        }))
    }

    pub(super) fn get(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Fresh,
            1 => Phase::Head,
            2 => Phase::Active,
            3 => Phase::Idle,
            4 => Phase::Upgraded,
            _ => Phase::Closing,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
        self.0.has_changed.store(true, Ordering::Release);
        if matches!(phase, Phase::Idle | Phase::Upgraded) {
            self.0.memory.request_done();
        }
    }

    /// Whether it was set since this was asked last, be it to what it was.
    pub(super) fn has_changed(&self) -> bool {
        self.0.has_changed.swap(false, Ordering::AcqRel)
    }

    /// Whether something of the last request has not been read.
    pub(super) fn is_unread(&self) -> bool {
        self.0.unread.load(Ordering::Acquire)
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.0.unread.store(unread, Ordering::Release);
    }

    /// The connection's task has the next turn.
    pub(super) fn begin_turn(&self) {
        self.0.has_begun.store(false, Ordering::Relaxed);
    }

    /// Waits until a request may begin, which is one in each turn: who sends many at once takes turns
    /// with everybody else.
    pub(super) async fn turn(&self) {
        while self.0.has_begun.swap(true, Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
    }

    /// The next request may not begin before this.
    pub(super) fn hold_back(&self, until: Instant) {
        let held_back = self.0.held_back.lock();
        *held_back.unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Waits until a request may begin after the answer to the one before it.
    pub(super) async fn held_back(&self) {
        let held_back = self.0.held_back.lock();
        let until = held_back.unwrap_or_else(PoisonError::into_inner).take();
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }

    /// `Fresh` or `Idle` → `Head`, as the first bytes of a request come. An error where there is no
    /// memory for the head.
    pub(super) fn bytes_came(&self, count: usize) -> Result<(), OverBudget> {
        if matches!(self.get(), Phase::Fresh | Phase::Idle) {
            self.set(Phase::Head);
        }
        match self.get() {
            Phase::Head => self.0.memory.read(count),
            _ => Ok(()), // bodies are counted as they are handed on
        }
    }

    /// A piece of a body was handed on. An error where there is no memory for it.
    pub(super) fn body_came(&self, count: usize) -> Result<(), OverBudget> {
        let held = self.0.memory.kept(count);
        if held.is_err() {
            self.give_up(GivenUp::NoMemory);
        }
        held
    }

    /// A piece of an answer is to be sent. An error where there is no memory for it.
    pub(super) fn answered(&self, count: usize) -> Result<(), OverBudget> {
        self.0.memory.answered(count)
    }

    /// Everything that was to be sent is.
    pub(super) fn answer_sent(&self) {
        self.0.memory.answer_sent();
    }

    /// A body is read no further; its connection closes with the answer.
    pub(super) fn give_up(&self, why: GivenUp) {
        self.0.given_up.store(why as u8, Ordering::Release);
    }

    /// Why a body was given up.
    pub(super) fn given_up(&self) -> Option<GivenUp> {
        match self.0.given_up.load(Ordering::Acquire) {
            0 => None,
            1 => Some(GivenUp::NoMemory),
            _ => Some(GivenUp::TooSlow),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::StatusCode;
    use futures_util::FutureExt;

    use super::*;

    fn phase_within(memory: &MemoryBudget) -> SharedPhase {
        SharedPhase::new(memory.clone())
    }

    fn phase() -> SharedPhase {
        phase_within(&MemoryBudget::default())
    }

    #[test]
    fn what_is_set_is_what_all_who_share_it_read() {
        let (phase, other) = (phase(), phase());
        assert_eq!(phase.get(), Phase::Fresh);
        let same = phase.clone();
        for each in [
            Phase::Head,
            Phase::Active,
            Phase::Idle,
            Phase::Upgraded,
            Phase::Closing,
            Phase::Fresh,
        ] {
            phase.set(each);
            assert_eq!(same.get(), each);
        }
        phase.set_unread(true);
        assert!(same.is_unread() && !other.is_unread());
        phase.set_unread(false);
        assert!(!same.is_unread());
    }

    #[test]
    fn the_first_bytes_of_a_request_begin_its_head_and_only_those_of_a_head_are_counted() {
        let memory = MemoryBudget::default();
        let phase = phase_within(&memory);
        for before in [Phase::Fresh, Phase::Idle] {
            phase.set(before);
            phase.bytes_came(10_000).unwrap();
            assert_eq!(phase.get(), Phase::Head);
        }
        let of_heads = memory.held();
        assert!(of_heads >= 10_000);
        for other in [Phase::Active, Phase::Closing] {
            phase.set(other);
            phase.bytes_came(50_000).unwrap();
            assert_eq!((phase.get(), memory.held()), (other, of_heads));
        }
    }

    #[test]
    fn a_request_holds_its_memory_until_it_is_answered_or_the_protocol_changes() {
        for done in [Phase::Idle, Phase::Upgraded] {
            let memory = MemoryBudget::default();
            let phase = phase_within(&memory);
            phase.bytes_came(10).unwrap();
            let least = memory.held();
            phase.set(Phase::Active);
            phase.body_came(100_000).unwrap();
            phase.answered(1000).unwrap();
            assert!(memory.held() >= 101_000);
            phase.answer_sent();
            assert!((100_000..101_000).contains(&memory.held()));
            phase.set(Phase::Closing);
            assert!(memory.held() >= 100_000);
            phase.set(done);
            assert_eq!(memory.held(), least, "{done:?}");
        }
    }

    #[test]
    fn a_body_for_which_there_is_no_memory_is_given_up() {
        let phase = phase_within(&MemoryBudget::of(4000));
        phase.bytes_came(10).unwrap();
        phase.body_came(10).unwrap();
        assert_eq!(phase.given_up(), None);
        assert_eq!(phase.body_came(10_000), Err(OverBudget));
        assert_eq!(phase.given_up(), Some(GivenUp::NoMemory));
        assert_eq!(phase.answered(10_000), Err(OverBudget));
        let another = phase_within(&MemoryBudget::of(4000));
        assert_eq!(another.bytes_came(10_000), Err(OverBudget));
    }

    #[test]
    fn whoever_is_given_up_is_told_why() {
        let phase = phase();
        for (why, code, status) in [
            (
                GivenUp::NoMemory,
                "memory_budget",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
            (
                GivenUp::TooSlow,
                "body_timeout",
                StatusCode::REQUEST_TIMEOUT,
            ),
        ] {
            phase.give_up(why);
            assert_eq!(phase.given_up(), Some(why));
            assert_eq!((why.code(), why.answer().status()), (code, status));
        }
    }

    #[tokio::test]
    async fn one_request_begins_in_each_turn_of_the_connection() {
        let phase = phase();
        phase.turn().await;
        let mut next = Box::pin(phase.turn());
        for _ in 0..3 {
            assert_eq!((&mut next).now_or_never(), None);
        }
        phase.begin_turn();
        next.await;
        assert_eq!(phase.turn().now_or_never(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_as_its_client_was_told_and_the_one_after_it_does_not() {
        let (phase, pause) = (phase(), Duration::from_secs(1));
        let told = Instant::now();
        phase.hold_back(told + pause);
        phase.held_back().await;
        assert!(told.elapsed() >= pause);
        assert_eq!(phase.held_back().now_or_never(), Some(()));
        phase.hold_back(told);
        assert_eq!(phase.held_back().now_or_never(), Some(()));
    }
}

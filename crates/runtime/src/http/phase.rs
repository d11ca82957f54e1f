//! The phase of a connection, on which its timers and its drain must agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Waker;

use futures_util::task::AtomicWaker;

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
}

/// A phase that the connection's reader, its service and its driver share.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedPhase(Arc<PhaseCell>);

#[derive(Debug, Default)]
struct PhaseCell {
    phase: AtomicU8,
    reader: AtomicWaker,
    /// Whether the client may still be sending what nobody reads.
    unread: AtomicBool,
}

impl SharedPhase {
    pub(super) fn get(&self) -> Phase {
        match self.0.phase.load(Ordering::Acquire) {
            0 => Phase::Fresh,
            1 => Phase::Head,
            2 => Phase::Active,
            3 => Phase::Idle,
            _ => Phase::Upgraded,
        }
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.phase.store(phase as u8, Ordering::Release);
        if phase == Phase::Idle {
            // The reader's timer starts with this phase, and nothing else may poll it soon.
            self.0.reader.wake();
        }
    }

    /// Whether something of the last request has not been read.
    pub(super) fn is_unread(&self) -> bool {
        self.0.unread.load(Ordering::Acquire)
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.0.unread.store(unread, Ordering::Release);
    }

    /// Has the reader polled again when the connection falls idle.
    pub(super) fn wake_when_idle(&self, reader: &Waker) {
        self.0.reader.register(reader);
    }

    /// `Fresh` or `Idle` → `Head`, as the first bytes of a request come.
    pub(super) fn bytes_came(&self) {
        if matches!(self.get(), Phase::Fresh | Phase::Idle) {
            self.set(Phase::Head);
        }
    }
}

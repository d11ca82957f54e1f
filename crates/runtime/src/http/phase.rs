//! The phase of a connection, on which its timers, its drain and its share of memory must agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::held::HeldMemory;
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
}

/// A phase that the connection's reader, its service and its driver share.
#[derive(Clone, Debug)]
pub(super) struct SharedPhase(Arc<PhaseCell>);

#[derive(Debug)]
struct PhaseCell {
    phase: AtomicU8,
    /// Whether the reader knows that the connection is idle.
    watched: AtomicBool,
    /// Whether the client may still be sending what nobody reads.
    unread: AtomicBool,
    /// Whether a body was given up because there is no memory for it.
    refused: AtomicBool,
    memory: HeldMemory,
}

impl SharedPhase {
    /// A connection that has not sent anything, and counts what it sends on this budget.
    pub(super) fn new(memory: MemoryBudget) -> Self {
        Self(Arc::new(PhaseCell {
            phase: AtomicU8::new(Phase::Fresh as u8),
            watched: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            memory: HeldMemory::new(memory),
        }))
    }

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
        if matches!(phase, Phase::Idle | Phase::Upgraded) {
            self.0.memory.request_done();
        }
        if phase == Phase::Idle {
            self.0.watched.store(false, Ordering::Release);
        }
    }

    /// Whether something of the last request has not been read.
    pub(super) fn is_unread(&self) -> bool {
        self.0.unread.load(Ordering::Acquire)
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.0.unread.store(unread, Ordering::Release);
    }

    /// The reader waits, and its timer runs.
    pub(super) fn watch(&self) {
        self.0.watched.store(true, Ordering::Release);
    }

    /// Whether the connection has fallen idle and its reader was not asked since. Told once each time.
    pub(super) fn fell_idle_unwatched(&self) -> bool {
        self.get() == Phase::Idle && !self.0.watched.swap(true, Ordering::AcqRel)
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
            self.0.refused.store(true, Ordering::Release);
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

    /// Whether a body was refused for want of memory.
    pub(super) fn is_refused(&self) -> bool {
        self.0.refused.load(Ordering::Acquire)
    }
}

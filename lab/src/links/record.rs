//! What is known of the bytes that pass a link.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use link::{ConnectionId, Direction, Ended, Tap};
use serde::Serialize;

/// Counts what passes one link.
#[derive(Debug, Default)]
pub(super) struct Record {
    open: AtomicU64,
    total: AtomicU64,
    upstream: AtomicU64,
    downstream: AtomicU64,
}

/// Connections over a link.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Connections {
    open: u64,
    total: u64,
}

/// Bytes over a link.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Bytes {
    upstream: u64,
    downstream: u64,
}

impl Record {
    pub(super) fn connections(&self) -> Connections {
        Connections {
            open: self.open.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        Bytes {
            upstream: self.upstream.load(Ordering::Relaxed),
            downstream: self.downstream.load(Ordering::Relaxed),
        }
    }
}

impl Tap for Record {
    fn opened(&self, _: ConnectionId, _: SocketAddr) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self, _: ConnectionId, direction: Direction, bytes: &[u8]) {
        let counter = match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    fn finished(&self, _: ConnectionId, _: Direction) {}

    fn ended(&self, _: ConnectionId, _: Ended) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

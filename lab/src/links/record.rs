//! What is known of the bytes that pass a link.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use link::{ConnectionId, Direction, Ended, Tap};
use serde::Serialize;

use crate::wire::Feed;

/// Counts what passes one link, and tells it to who decodes it.
#[derive(Debug)]
pub(super) struct Record {
    name: Arc<str>,
    feed: Feed,
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
    pub(super) fn new(name: &str, feed: &Feed) -> Self {
        Self {
            name: name.into(),
            feed: feed.clone(),
            open: AtomicU64::new(0),
            total: AtomicU64::new(0),
            upstream: AtomicU64::new(0),
            downstream: AtomicU64::new(0),
        }
    }

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
    fn opened(&self, connection: ConnectionId, client: SocketAddr) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        self.feed.opened(&self.name, connection, client);
    }

    fn connected(&self, connection: ConnectionId, from: SocketAddr) {
        self.feed.connected(&self.name, connection, from);
    }

    fn sent(&self, connection: ConnectionId, direction: Direction, bytes: &[u8]) {
        let counter = match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.feed.sent(&self.name, connection, direction, bytes);
    }

    fn finished(&self, connection: ConnectionId, direction: Direction) {
        self.feed.finished(&self.name, connection, direction);
    }

    fn ended(&self, connection: ConnectionId, _: Ended) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.feed.ended(&self.name, connection);
    }
}

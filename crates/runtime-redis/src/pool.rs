//! The few connections that there are, and the many commands that share them.
//!
//! A place in the pool is the right to have one command under way; places share connections, so
//! that commands of the same moment travel together, which saves Redis and us most system calls.
//! deadpool keeps the places; the pool of deadpool-redis does not fit, since it asks each connection for a
//! sign of life before each use: a round trip of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use redis::{Cmd, ErrorKind, RedisResult, Value};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::settings::RedisSettings;
use super::target::{Connection, Target};
use runtime::net::InFlightToken;

pub(super) type Pool = managed::Pool<Connections>;

/// Makes places, each on one of a few connections.
pub(super) struct Connections {
    target: Arc<Target>,
    connect_timeout: Duration,
    lines: Box<[Mutex<Option<Arc<Line>>>]>,
    next: AtomicUsize,
}

/// A connection that is shared.
struct Line {
    connection: Connection,
    broken: AtomicBool,
    /// Its clones are held by commands that are under way: those of a moment are sent together.
    first: InFlightToken,
}

/// A place: the right to have one command under way.
pub(super) struct Place {
    connection: Connection,
    line: Arc<Line>,
}

impl Connections {
    pub(super) fn new(target: Arc<Target>, settings: &RedisSettings) -> Self {
        Self {
            target,
            connect_timeout: settings.connect_timeout,
            lines: (0..settings.connections)
                .map(|_| Mutex::default())
                .collect(),
            next: AtomicUsize::new(0),
        }
    }
}

impl managed::Manager for Connections {
    type Type = Place;
    type Error = redis::RedisError;

    async fn create(&self) -> RedisResult<Place> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.lines.len();
        // One connection is made at a time; whoever else needs it waits here for it.
        let mut slot = self.lines[next].lock().await;
        if let Some(line) = slot.as_ref().filter(|line| !line.is_broken()) {
            return Ok(Place::on(line));
        }
        // Commands have a limit in time of their own.
        let first = InFlightToken::default();
        // Rarely done, and large: no part of every command's future.
        let connecting = Box::pin(self.target.connect_shared(self.connect_timeout, &first));
        let connection = timeout(self.connect_timeout, connecting)
            .await
            .unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))?;
        let line = slot.insert(Arc::new(Line {
            connection,
            broken: AtomicBool::new(false),
            first,
        }));
        Ok(Place::on(line))
    }

    async fn recycle(&self, place: &mut Place, _: &Metrics) -> RecycleResult<redis::RedisError> {
        if place.line.is_broken() {
            return Err(RecycleError::message("its connection is broken"));
        }
        Ok(())
    }
}

impl Line {
    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Place {
    fn on(line: &Arc<Line>) -> Self {
        Self {
            connection: line.connection.clone(),
            line: Arc::clone(line),
        }
    }

    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let _sharer = Arc::clone(&self.line.first);
        self.connection.ask(command).await
    }

    /// The connection is of no use any more: nobody gets it from now on.
    pub(super) fn give_up_connection(&self) {
        self.line.broken.store(true, Ordering::Relaxed);
    }
}

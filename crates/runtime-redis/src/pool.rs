//! The few connections that there are, and the many commands that share them.
//!
//! A permit of the pool allows one command to be under way. Permits share connections, so that
//! commands of the same moment travel together, which saves Redis and us most system calls.
//! deadpool keeps the permits. The pool of deadpool-redis does not fit: it sends each connection a
//! PING before each use, which is a round trip of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use futures_util::FutureExt;
use redis::{Cmd, ErrorKind, RedisResult, Value};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::settings::RedisSettings;
use super::target::{Connection, Target};
use runtime::net::InFlightToken;

pub(super) type Pool = managed::Pool<Permits>;

/// Makes permits, each on one of a few connections.
pub(super) struct Permits {
    target: Arc<Target>,
    connect_timeout: Duration,
    connections: Box<[Mutex<Option<Arc<SharedConnection>>>]>,
    next: AtomicUsize,
}

/// A connection that is shared.
struct SharedConnection {
    connection: Connection,
    broken: AtomicBool,
    /// Commands that are under way hold clones: those of a moment are sent together.
    in_flight: InFlightToken,
}

/// The permission to have one command under way.
pub(super) struct Permit {
    connection: Connection,
    shared: Arc<SharedConnection>,
}

impl Permits {
    pub(super) fn new(target: Arc<Target>, settings: &RedisSettings) -> Self {
        Self {
            target,
            connect_timeout: settings.connect_timeout,
            connections: (0..settings.connections)
                .map(|_| Mutex::default())
                .collect(),
            next: AtomicUsize::new(0),
        }
    }
}

impl managed::Manager for Permits {
    type Type = Permit;
    type Error = redis::RedisError;

    async fn create(&self) -> RedisResult<Permit> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        // One connection is made at a time; whoever else needs it waits here for it.
        let mut slot = self.connections[next].lock().await;
        if let Some(shared) = slot.as_ref().filter(|shared| !shared.is_broken()) {
            return Ok(Permit::on(shared));
        }
        // Commands have a limit in time of their own.
        let in_flight = InFlightToken::default();
        // Rarely done, and large: no part of every command's future.
        let connecting = self.target.connect_shared(self.connect_timeout, &in_flight);
        let connecting = connecting.boxed();
        let connection = timeout(self.connect_timeout, connecting)
            .await
            .unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))?;
        let shared = slot.insert(Arc::new(SharedConnection {
            connection,
            broken: AtomicBool::new(false),
            in_flight,
        }));
        Ok(Permit::on(shared))
    }

    async fn recycle(&self, permit: &mut Permit, _: &Metrics) -> RecycleResult<redis::RedisError> {
        if permit.shared.is_broken() {
            return Err(RecycleError::message("its connection is broken"));
        }
        Ok(())
    }
}

impl SharedConnection {
    fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Permit {
    fn on(shared: &Arc<SharedConnection>) -> Self {
        Self {
            connection: shared.connection.clone(),
            shared: Arc::clone(shared),
        }
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let _in_flight = Arc::clone(&self.shared.in_flight);
        self.connection.send(command).await
    }

    /// The connection is of no use any more: nobody gets it from now on.
    pub(super) fn give_up_connection(&self) {
        self.shared.broken.store(true, Ordering::Relaxed);
    }
}

//! Workers that write what waits for the clients.
//!
//! There is one worker for each thread of the runtime, and each connection has its own. A worker
//! goes from connection to connection. What was queued meanwhile is written with the rest, by one
//! call: the busier the room, the fewer calls for each delivery.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Something on which bytes wait.
pub(super) trait Flush {
    /// Writes what can be written at once.
    fn flush(&self);
}

/// The workers of a room.
#[derive(Debug)]
pub(super) struct FlushWorkers<T> {
    all: Vec<Arc<FlushWorker<T>>>,
    next: AtomicUsize,
}

/// One worker, and what is scheduled for it.
#[derive(Debug)]
pub(super) struct FlushWorker<T> {
    scheduled: Mutex<Vec<Arc<T>>>,
    notify: Notify,
}

/// After so many connections a worker lets other tasks run, above all those that read.
const TURN: usize = 32;

impl<T> FlushWorkers<T> {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Handle::try_current();
        let threads = runtime.map_or(1, |runtime| runtime.metrics().num_workers());
        Self {
            all: (0..threads).map(|_| Arc::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<FlushWorker<T>>> {
        self.all.iter()
    }

    /// The worker of the next connection: each gets as many as the others.
    pub(super) fn pick(&self) -> Arc<FlushWorker<T>> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.all[next % self.all.len()])
    }
}

impl<T> Default for FlushWorker<T> {
    fn default() -> Self {
        Self {
            scheduled: Mutex::default(),
            notify: Notify::new(),
        }
    }
}

impl<T> FlushWorker<T> {
    /// Has a connection flushed soon.
    pub(super) fn schedule(&self, connection: Arc<T>) {
        let mut scheduled = self
            .scheduled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        scheduled.push(connection);
        if scheduled.len() == 1 {
            self.notify.notify_one();
        }
    }

    /// Takes what is scheduled, and leaves an empty list in its place.
    pub(super) fn take(&self, list: &mut Vec<Arc<T>>) {
        let mut scheduled = self
            .scheduled
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *scheduled, list);
    }
}

impl<T: Flush> FlushWorker<T> {
    /// Flushes whatever is scheduled, for ever.
    pub(super) async fn run(&self) {
        let mut list = Vec::new();
        loop {
            self.notify.notified().await;
            self.take(&mut list);
            for (number, connection) in list.drain(..).enumerate() {
                if number % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                connection.flush();
            }
        }
    }
}

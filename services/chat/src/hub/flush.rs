//! Those who write to the clients what the room has handed to their lines.
//!
//! There is one for each thread of the runtime, and each line has its own. A writer goes through
//! its list from line to line, and what was handed to a line meanwhile is written with the rest, by
//! one call: the busier the room, the fewer calls for each delivery.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use runtime::Lifecycle;
use tokio::sync::Notify;

use super::Hub;
use super::connection::{ClientConnection, Stream};

/// The writers of a room.
#[derive(Debug)]
pub(super) struct FlushWorkers {
    all: Vec<Arc<FlushWorker>>,
    next: AtomicUsize,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct FlushWorker {
    listed: Mutex<Vec<Arc<ClientConnection>>>,
    notify: Notify,
}

/// After so many lines a writer lets others run: those who read, above all.
const TURN: usize = 32;

impl FlushWorkers {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Handle::try_current();
        let threads = runtime.map_or(1, |runtime| runtime.metrics().num_workers());
        Self {
            all: (0..threads).map(|_| Arc::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// Whose turn it is to get another line.
    fn pick(&self) -> Arc<FlushWorker> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.all[next % self.all.len()])
    }
}

impl FlushWorker {
    /// Adds a line on which something waits.
    pub(super) fn schedule(&self, line: Arc<ClientConnection>) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.push(line);
        if listed.len() == 1 {
            self.notify.notify_one();
        }
    }

    /// Takes the list, and leaves an empty one in its place.
    pub(super) fn take(&self, list: &mut Vec<Arc<ClientConnection>>) {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *listed, list);
    }

    /// Writes whatever is listed, for ever.
    async fn write(&self) {
        let mut list = Vec::new();
        loop {
            self.notify.notified().await;
            self.take(&mut list);
            for (number, line) in list.drain(..).enumerate() {
                if number % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                line.write();
            }
        }
    }
}

impl Hub {
    /// Has what is handed to the lines of this room written, until everybody has left.
    pub fn start_flushing(&self, lifecycle: &Lifecycle) {
        for writer in &self.0.writers.all {
            let (hub, life_here) = (self.clone(), lifecycle.clone());
            let writer = Arc::clone(writer);
            lifecycle.spawn_without_span(async move {
                tokio::select! {
                    biased;
                    () = life_here.aborted() => {}
                    () = hub.drained(&life_here) => {}
                    () = writer.write() => {}
                }
            });
        }
    }

    /// A line to a client.
    pub(crate) fn line(&self, stream: Box<dyn Stream>) -> Arc<ClientConnection> {
        ClientConnection::new(stream, self.0.welcome.queue, self.0.writers.pick())
    }
}

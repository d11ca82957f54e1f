//! The latest changes, and those who follow them.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::domain::{Change, Position, RecentChanges, Refusal};
use crate::error::Error;

/// A change and where it stands.
pub type Entry = (Position, Arc<Change>);

/// The latest changes, as this process has seen them.
#[derive(Debug)]
pub struct ChangeLog {
    recent: Mutex<RecentChanges>,
    last: watch::Sender<Position>,
}

/// A store that knows changes which the log does not hold any more, or not yet.
pub trait History: Debug + Send + Sync {
    /// Some of the changes after a position.
    fn after(&self, position: Position) -> BoxFuture<'_, Result<VecDeque<Entry>, Error>>;
}

impl ChangeLog {
    /// A log that begins here and keeps this many changes.
    pub fn new(floor: Position, capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            recent: Mutex::new(RecentChanges::new(floor, capacity)),
            last: watch::Sender::new(floor),
        })
    }

    /// Where it ends.
    pub fn last(&self) -> Position {
        *self.last.borrow()
    }

    /// Adds changes, in their order.
    pub fn publish(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut recent = self.lock();
        for (position, change) in entries {
            recent.push(position, change);
        }
        self.last.send_replace(recent.last());
    }

    /// Begins anew: what came before is not known.
    pub fn restart(&self, floor: Position) {
        let mut recent = self.lock();
        recent.restart(floor);
        self.last.send_replace(floor);
    }

    /// Some of the changes after a position; none at all where it is not known what came after it.
    pub fn after(&self, position: Position) -> Option<VecDeque<Entry>> {
        let recent = self.lock();
        Some(recent.after(position)?.take(BATCH).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, RecentChanges> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many changes are taken at once.
const BATCH: usize = 100;

/// One caller's view of the changes: each of them once, in order.
#[derive(Debug)]
pub struct Subscription {
    log: Arc<ChangeLog>,
    news: watch::Receiver<Position>,
    position: Position,
    ahead: VecDeque<Entry>,
    history: Option<Arc<dyn History>>,
}

impl Subscription {
    /// Follows a log from this position.
    pub fn new(log: Arc<ChangeLog>, position: Position) -> Self {
        Self {
            news: log.last.subscribe(),
            log,
            position,
            ahead: VecDeque::new(),
            history: None,
        }
    }

    /// Asks this store for what the log does not hold.
    #[must_use]
    pub fn with_history(self, history: Arc<dyn History>) -> Self {
        Self {
            history: Some(history),
            ..self
        }
    }

    /// After which change the next one comes.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next change, once there is one.
    pub async fn next(&mut self) -> Result<Entry, Error> {
        loop {
            if let Some(entry) = self.ahead.pop_front() {
                self.position = entry.0;
                return Ok(entry);
            }
            self.news.mark_unchanged();
            self.ahead = match (self.log.after(self.position), &self.history) {
                (Some(changes), _) => changes,
                (None, Some(history)) => history.after(self.position).await?,
                (None, None) => return Err(Refusal::ChangesLost.into()),
            };
            if self.ahead.is_empty() {
                // The sender lives as long as the log, which is held here.
                let _ = self.news.changed().await;
            }
        }
    }
}

//! The latest changes, and those who follow them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::redis::Redis;
use crate::domain::{Change, Log, Position, Refused};
use crate::error::Error;

/// A change and where it stands.
pub type Entry = (Position, Arc<Change>);

/// The latest changes, as this process has seen them.
#[derive(Debug)]
pub struct Feed {
    log: Mutex<Log>,
    last: watch::Sender<Position>,
}

impl Feed {
    /// A feed that begins here and keeps this many changes.
    pub fn new(floor: Position, capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            log: Mutex::new(Log::new(floor, capacity)),
            last: watch::Sender::new(floor),
        })
    }

    /// Where it ends.
    pub fn last(&self) -> Position {
        *self.last.borrow()
    }

    /// Adds changes, in their order.
    pub fn publish(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut log = self.lock();
        for (position, change) in entries {
            log.push(position, change);
        }
        self.last.send_replace(log.last());
    }

    /// Begins anew: what came before is not known.
    pub fn restart(&self, floor: Position) {
        let mut log = self.lock();
        log.restart(floor);
        self.last.send_replace(floor);
    }

    /// Some of the changes after a position; none at all where it is not known what came after it.
    pub fn after(&self, position: Position) -> Option<VecDeque<Entry>> {
        let log = self.lock();
        Some(log.after(position)?.take(BATCH).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many changes are taken at once.
const BATCH: usize = 100;

/// Somebody who follows the changes.
#[derive(Debug)]
pub struct Watch {
    feed: Arc<Feed>,
    moved: watch::Receiver<Position>,
    position: Position,
    ahead: VecDeque<Entry>,
    /// Who knows more than the feed.
    history: Option<Redis>,
}

impl Watch {
    /// Follows a feed from this position.
    pub fn in_memory(feed: Arc<Feed>, position: Position) -> Self {
        Self {
            moved: feed.last.subscribe(),
            feed,
            position,
            ahead: VecDeque::new(),
            history: None,
        }
    }

    /// The same where Redis keeps more of the changes than the feed, and perhaps newer ones.
    pub fn in_redis(feed: Arc<Feed>, position: Position, history: Redis) -> Self {
        Self {
            history: Some(history),
            ..Self::in_memory(feed, position)
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
            self.moved.mark_unchanged();
            self.ahead = match (self.feed.after(self.position), &self.history) {
                (Some(changes), _) => changes,
                (None, Some(redis)) => redis.history(self.position).await?,
                (None, None) => return Err(Refused::ChangesLost.into()),
            };
            if self.ahead.is_empty() {
                // The sender lives as long as the feed, which is held here.
                let _ = self.moved.changed().await;
            }
        }
    }
}

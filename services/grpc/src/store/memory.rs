//! Users in the memory of this process: gone when it ends, and seen by no other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runtime::{Lifecycle, trace};

use super::StoreRules;
use super::change_log::{ChangeLog, Subscription};
use crate::domain::{
    Directory, NewUser, Page, PageSize, Patch, Position, RandomBits, Refusal, RequestId, Timestamp,
    User, UserId, Version,
};
use crate::error::Error;

/// The store in memory.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    changes: Arc<ChangeLog>,
}

#[derive(Debug)]
struct State {
    directory: Directory,
    /// The clock may be set back; time here is not.
    now: Timestamp,
    last: Position,
}

impl MemoryStore {
    pub(super) fn new(rules: StoreRules, lifecycle: &Lifecycle) -> Self {
        let now = clock();
        let last = Position {
            time: now.0,
            number: 0,
        };
        let state = State {
            directory: Directory::new(rules.users),
            now,
            last,
        };
        let memory = Self {
            state: Arc::new(Mutex::new(state)),
            changes: ChangeLog::new(last, rules.max_changes),
        };
        if rules.users.ttl.is_some() {
            lifecycle.spawn(memory.clone().prune(lifecycle.clone()));
        }
        memory
    }

    pub(super) fn create(
        &self,
        new: &NewUser,
        request: Option<&RequestId>,
    ) -> Result<(User, bool), Error> {
        self.with(|directory, now| {
            let random = RandomBits(rand::random());
            directory.create(now, random, new, request, traceparent())
        })
    }

    pub(super) fn get(&self, id: UserId) -> Result<User, Error> {
        self.with(|directory, now| directory.get(now, id))
    }

    pub(super) fn list(&self, size: PageSize, after: Option<UserId>) -> Page {
        let listed = self.with(|directory, now| Ok(directory.list(now, size, after)));
        listed.unwrap_or_default() // it is never refused
    }

    pub(super) fn update(
        &self,
        id: UserId,
        patch: &Patch,
        version: Option<Version>,
    ) -> Result<User, Error> {
        self.with(|directory, now| directory.update(now, id, patch, version, traceparent()))
    }

    pub(super) fn remove(&self, id: UserId, version: Option<Version>) -> Result<(), Error> {
        self.with(|directory, now| directory.remove(now, id, version, traceparent()))
    }

    pub(super) fn subscribe(&self, from: Option<Position>) -> Result<Subscription, Error> {
        let position = from.unwrap_or_else(|| self.changes.last());
        if self.changes.after(position).is_none() {
            return Err(Refusal::ChangesLost.into());
        }
        Ok(Subscription::new(Arc::clone(&self.changes), position))
    }

    /// Does one thing, and publishes what has changed by it.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Directory, Timestamp) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let mut state = self.lock();
        state.now = state.now.max(clock());
        let now = state.now;
        let outcome = work(&mut state.directory, now);
        let changes = state.directory.take_changes();
        if !changes.is_empty() {
            let mut last = state.last;
            let entries = changes.into_iter().map(|change| {
                last = last.next(now);
                (last, Arc::new(change))
            });
            self.changes.publish(entries);
            state.last = last;
        }
        Ok(outcome?)
    }

    /// Says of those whose time is up that they are gone, also while nobody asks.
    async fn prune(self, lifecycle: Lifecycle) {
        loop {
            tokio::select! {
                () = lifecycle.stopping() => return,
                () = tokio::time::sleep(PRUNE_EVERY) => {}
            }
            // It is never refused.
            let _: Result<(), Error> = self.with(|directory, now| {
                directory.prune(now);
                Ok(())
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every operation of the directory checks before it writes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PRUNE_EVERY: Duration = Duration::from_secs(1);

fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(0).after(since.unwrap_or_default())
}

fn traceparent() -> String {
    trace::traceparent().unwrap_or_default()
}

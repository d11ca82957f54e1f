//! At one of several replicas: what happens in the log that they share.

use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;

use super::retry::RETRY;
use super::room::Eviction;
use super::{Backend, Hub};
use crate::store::shared::{LogUpdate, ReadPosition, SharedLog, SharedLogError};

impl Hub {
    fn shared(&self) -> Option<&SharedLog> {
        match &self.0.backend {
            Backend::Shared(shared) => Some(shared),
            Backend::Memory | Backend::Disk(_) => None,
        }
    }

    /// Whether this process is the one that relays to a peer, for the next seconds.
    pub async fn leads(&self, peer: &str) -> bool {
        match self.shared() {
            None => true,
            Some(shared) => shared.leads(peer).await.unwrap_or(false),
        }
    }

    /// Follows the shared log until everybody has left, or Redis has forgotten it.
    pub async fn follow(
        &self,
        mut from: ReadPosition,
        store: &Dependency,
        lifecycle: &Lifecycle,
    ) -> Result<(), SharedLogError> {
        let Some(shared) = self.shared() else {
            return Ok(());
        };
        store.ready();
        let mut backoff = Backoff::new(RETRY.0, RETRY.1);
        loop {
            let before = from.cursor;
            let following = shared.follow(&mut from, |update| {
                store.ready();
                self.apply(update);
            });
            let followed = tokio::select! {
                biased;
                () = lifecycle.aborted() => return Ok(()),
                () = self.drained(lifecycle) => return Ok(()),
                followed = following => followed,
            };
            let Err(SharedLogError::Redis(error)) = followed else {
                return followed;
            };
            if from.cursor > before {
                backoff.success();
            }
            let wait = backoff.failure();
            tracing::warn!(%error, retry_in = ?wait, "the shared log cannot be read");
            store.not_ready(error.to_string());
            tokio::time::sleep(wait).await;
        }
    }

    /// Says again and again that this replica is alive, and announces who left with a dead one.
    pub async fn keep_alive(&self, lifecycle: &Lifecycle) {
        let Some(shared) = self.shared() else {
            return;
        };
        let alive = async || {
            shared.heartbeat().await?;
            shared.reap_dead_replicas().await
        };
        loop {
            if let Err(error) = alive().await {
                tracing::debug!(%error, "the heartbeat failed");
            }
            tokio::select! {
                biased;
                () = lifecycle.aborted() => return,
                () = self.drained(lifecycle) => return,
                () = tokio::time::sleep(shared.heartbeat_interval()) => {}
            }
        }
    }

    fn apply(&self, update: LogUpdate) {
        let mut room = self.lock();
        match update {
            LogUpdate::Entry(entry) => {
                for connection in room.detect_gap(&entry) {
                    connection.evict(Eviction::MissedEntries);
                }
                self.commit(&mut room, entry);
            }
            LogUpdate::Settled {
                peer,
                through,
                delivered,
            } => {
                for entry in room.unsettled(&peer, through) {
                    // What came before the last of them was taken: one is refused at a time.
                    let delivered = delivered || entry.sequence() != Some(through);
                    self.settle_now(&mut room, &peer, &entry, delivered);
                }
            }
            LogUpdate::Unchanged => {}
        }
    }
}

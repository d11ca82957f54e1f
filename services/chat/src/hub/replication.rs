//! At one of several replicas: what happened in the log that they share.

use std::sync::Arc;
use std::time::Duration;

use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;

use super::member::Eviction;
use super::{Hub, Room};
use crate::domain::Entry;
use crate::store::shared::{LogUpdate, ReadPosition, SharedLog, SharedLogError};

/// Shortest and longest wait between two tries to reach Redis.
pub const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

impl Hub {
    /// Follows the shared log until everybody has left, or Redis has forgotten it.
    pub async fn follow(
        &self,
        mut from: ReadPosition,
        store: &Dependency,
        lifecycle: &Lifecycle,
    ) -> Result<(), SharedLogError> {
        let Some(shared) = self.0.shared.clone() else {
            return Ok(());
        };
        store.ready();
        let mut backoff = Backoff::new(RETRY.0, RETRY.1);
        loop {
            let before = from.cursor;
            let following = shared.follow(&mut from, |happened| {
                store.ready();
                self.apply(happened);
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
            tracing::warn!(%error, retry_in = ?wait, "Redis does not say what happens");
            store.not_ready(error.to_string());
            tokio::time::sleep(wait).await;
        }
    }

    /// Says again and again that this replica is alive, and announces who left with a dead one.
    pub async fn keep_alive(&self, lifecycle: &Lifecycle) {
        let Some(shared) = self.0.shared.clone() else {
            return;
        };
        let alive = async |shared: &SharedLog| {
            shared.heartbeat().await?;
            shared.reap_dead_replicas().await
        };
        loop {
            if let Err(error) = alive(&shared).await {
                tracing::debug!(%error, "the other replicas cannot be told");
            }
            tokio::select! {
                biased;
                () = lifecycle.aborted() => return,
                () = self.drained(lifecycle) => return,
                () = tokio::time::sleep(shared.heartbeat_interval()) => {}
            }
        }
    }

    /// Waits until the service has stopped and everybody is gone.
    pub(super) async fn drained(&self, lifecycle: &Lifecycle) {
        lifecycle.stopping().await;
        // Ends early only where the room is gone, and with it every member.
        let _ = self.members().wait_for(|members| *members == 0).await;
    }

    fn apply(&self, happened: LogUpdate) {
        let mut room = self.lock();
        match happened {
            LogUpdate::Entry(entry) => {
                room.detect_gap(&entry);
                let entry = room.local.apply(entry);
                self.hand_on(&mut room, &entry);
            }
            LogUpdate::Settled {
                peer,
                through,
                delivered,
            } => {
                for entry in room.unsettled(&peer, through) {
                    // What came before the last of them was taken: one is refused at a time.
                    let delivered = delivered || entry.sequence() != Some(through);
                    room.settle(&peer, &entry, delivered, &self.0.metrics);
                }
            }
        }
    }
}

impl Room {
    /// Where Redis has dropped entries before this replica read them, those who are here must be
    /// told: they come back, and are.
    fn detect_gap(&mut self, entry: &Entry) {
        let expected = self.local.log().history().last() + 1;
        if entry.cursor == expected {
            return;
        }
        tracing::error!(expected, got = entry.cursor, "entries were missed");
        self.local.skip_to(entry.cursor);
        for member in self.members.values() {
            member.end(Eviction::Missed);
        }
    }

    fn unsettled(&self, peer: &str, through: u64) -> Vec<Arc<Entry>> {
        let outbox = self.local.log().outbox();
        let mut entries = Vec::new();
        let mut after = outbox.acknowledged(peer);
        while let Some(entry) = outbox.next(after) {
            match entry.sequence() {
                Some(sequence) if sequence <= through => after = sequence,
                _ => break,
            }
            entries.push(entry);
        }
        entries
    }
}

//! Reading what all replicas append.

use std::time::Duration;

use runtime_redis::{Command, Dedicated};
use serde::{Deserialize, Serialize};

use super::{Entries, ReadPosition, SharedLog, SharedLogError, field, number_of, read_entry};
use crate::domain::Entry;

/// What has happened, in its order.
#[derive(Debug)]
pub enum LogUpdate {
    /// An entry came into the log.
    Entry(Entry),
    /// A peer is done with everything up to this number.
    Settled {
        /// The peer.
        peer: String,
        /// The number.
        through: u64,
        /// Whether it has taken the last of it, or never will.
        delivered: bool,
    },
    /// Nothing; the log is there, and was asked.
    Unchanged,
}

/// The same, as it stands in Redis.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub(super) peer: String,
    pub(super) through: u64,
    pub(super) delivered: bool,
}

impl Receipt {
    pub(super) fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// How long one question waits for something new.
const BLOCK: Duration = Duration::from_secs(1);

/// How much longer an answer may take.
const LATE: Duration = Duration::from_secs(2);

/// At most so much comes at once.
const BATCH: usize = 500;

impl SharedLog {
    /// Reads from a position on, for ever. Ends where Redis has forgotten the log, or fails.
    pub async fn follow(
        &self,
        from: &mut ReadPosition,
        mut apply: impl FnMut(LogUpdate),
    ) -> Result<(), SharedLogError> {
        let mut connection = self.0.redis.dedicated().await?;
        let keys = ["log", "receipts"].map(|name| self.0.keys.named(name));
        loop {
            let command = Command::read("XREAD")
                .arg("COUNT")
                .arg(BATCH)
                .arg("BLOCK")
                .arg(BLOCK.as_millis().to_string())
                .arg("STREAMS")
                .arg(&keys)
                .arg(format!("{}-0", from.cursor))
                .arg(&from.receipt);
            let streams: Option<Vec<(String, Entries)>> =
                connection.query(&command, BLOCK + LATE).await?;
            let Some(streams) = streams else {
                self.still_there(&mut connection).await?;
                apply(LogUpdate::Unchanged);
                continue;
            };
            for (key, entries) in streams {
                for (id, fields) in entries {
                    if key == keys[0] {
                        let entry = read_entry(&fields, number_of(&id), field(&fields, "s"))?;
                        from.cursor = entry.cursor;
                        apply(LogUpdate::Entry(entry));
                    } else {
                        apply(read_receipt(field(&fields, "n"))?);
                        from.receipt = id;
                    }
                }
            }
        }
    }

    /// Whether the log is still the one that this replica began with.
    async fn still_there(&self, connection: &mut Dedicated) -> Result<(), SharedLogError> {
        let command = Command::read("GET").arg(self.0.keys.named("epoch"));
        let epoch: Option<String> = connection.query(&command, LATE).await?;
        if epoch.as_deref() == Some(self.0.epoch.as_str()) {
            Ok(())
        } else {
            Err(SharedLogError::Lost)
        }
    }
}

fn read_receipt(text: &str) -> Result<LogUpdate, SharedLogError> {
    let receipt: Receipt = serde_json::from_str(text).map_err(|error| SharedLogError::Damaged {
        key: "receipts",
        reason: error.to_string(),
    })?;
    Ok(LogUpdate::Settled {
        peer: receipt.peer,
        through: receipt.through,
        delivered: receipt.delivered,
    })
}

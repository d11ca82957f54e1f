//! Reading what all replicas append.

use std::time::Duration;

use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, AsyncConnectionConfig};
use serde::{Deserialize, Serialize};

use super::{ReadPosition, SharedLog, SharedLogError, read_entry};
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

/// At most so much comes at once.
const BATCH: usize = 500;

impl SharedLog {
    /// Reads from a place on, for ever. Ends where Redis has forgotten the log, or fails.
    pub async fn follow(
        &self,
        from: &mut ReadPosition,
        mut happened: impl FnMut(LogUpdate),
    ) -> Result<(), SharedLogError> {
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(BLOCK * 3));
        let connecting = self
            .0
            .client
            .get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        let keys = &self.0.keys;
        let block = usize::try_from(BLOCK.as_millis()).unwrap_or(1000);
        let options = StreamReadOptions::default().block(block).count(BATCH);
        loop {
            let places = [format!("{}-0", from.cursor), from.receipt.clone()];
            let streams = [&keys.log, &keys.receipts];
            let read: Option<StreamReadReply> = connection
                .xread_options(&streams, &places, &options)
                .await?;
            let Some(read) = read else {
                self.still_there(&mut connection).await?;
                continue;
            };
            for stream in read.keys {
                for id in stream.ids {
                    let text = |name: &str| id.get::<String>(name).unwrap_or_default();
                    if stream.key == keys.log {
                        let cursor = id.id.split('-').next().unwrap_or_default();
                        let entry = read_entry(&text("e"), cursor, &text("s"))?;
                        from.cursor = entry.cursor;
                        happened(LogUpdate::Entry(entry));
                        continue;
                    }
                    from.receipt.clone_from(&id.id);
                    let receipt = serde_json::from_str(&text("n"));
                    let Receipt {
                        peer,
                        through,
                        delivered,
                    } = receipt.map_err(|error| SharedLogError::Damaged {
                        key: "receipts",
                        reason: error.to_string(),
                    })?;
                    happened(LogUpdate::Settled {
                        peer,
                        through,
                        delivered,
                    });
                }
            }
        }
    }

    /// Whether the log is still the one that this replica began with.
    async fn still_there(
        &self,
        connection: &mut redis::aio::MultiplexedConnection,
    ) -> Result<(), SharedLogError> {
        let epoch: Option<String> = connection.get(&self.0.keys.epoch).await?;
        if epoch.as_deref() == Some(self.0.epoch.as_str()) {
            Ok(())
        } else {
            Err(SharedLogError::Lost)
        }
    }
}

//! The keys of one service, all in one slot of a cluster.
//!
//! | key | type | what |
//! |---|---|---|
//! | `epoch` | text | the log's name |
//! | `state` | hash | `cursor`, `sequence`, `bytes` of what waits |
//! | `log` | stream by cursor | entries: `e`, the entry; `s`, its sequence number |
//! | `out` | stream by sequence number | what waits for peers: `e`, the entry; `c`, its cursor; `w`, its weight |
//! | `here` | hash by session | its replica, whether the peers were told, its client |
//! | `acked` | hash by peer | the last sequence number that it has taken |
//! | `receipts` | stream | `n`, a receipt |
//! | `said:SESSION:ID` | text that expires | the cursor of an own message |
//! | `relayed:ORIGIN:ID` | text that expires | the cursor of a peer's message |
//! | `original:ID` | text that expires | the cursor of a message of a peer that gives no number |
//! | `taken:ORIGIN:EPOCH` | text that expires | the last number taken of a peer |
//! | `replica:REPLICA` | text that expires | a replica that is alive |
//! | `leader:PEER` | text that expires | the replica that relays to a peer |

use crate::domain::Token;

/// Makes keys. Those that only scripts use are made there.
#[derive(Debug)]
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn of(service: &Token) -> Self {
        Self(format!("{{chat:{service}}}:"))
    }

    /// What all begin with. Scripts get it as their key: whoever may use what begins with it may
    /// run them.
    pub(super) fn prefix(&self) -> &str {
        &self.0
    }

    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }

    pub(super) fn replica(&self, replica: &str) -> String {
        self.named(&format!("replica:{replica}"))
    }
}

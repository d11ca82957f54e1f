//! The keys of one service, all in one slot of a cluster.

use crate::domain::Token;

#[derive(Debug)]
pub(super) struct Keys {
    prefix: String,
    /// Text: the log's name.
    pub(super) epoch: String,
    /// Hash: `cursor`, `sequence`, `bytes` of what waits.
    pub(super) state: String,
    /// Stream of entries by cursor: `e`, the entry; `s`, its sequence number.
    pub(super) log: String,
    /// Stream of what waits for peers by sequence number: `e`, the entry; `c`, its cursor.
    pub(super) out: String,
    /// Hash by session: its replica, whether the peers were told, its client.
    pub(super) here: String,
    /// Hash by peer: the last sequence number that it has taken.
    pub(super) acked: String,
    /// Stream of receipts: `n`.
    pub(super) receipts: String,
}

impl Keys {
    pub(super) fn of(service: &Token) -> Self {
        let prefix = format!("{{chat:{service}}}");
        let key = |name: &str| format!("{prefix}:{name}");
        Self {
            epoch: key("epoch"),
            state: key("state"),
            log: key("log"),
            out: key("out"),
            here: key("here"),
            acked: key("acked"),
            receipts: key("receipts"),
            prefix,
        }
    }

    /// Text: the cursor of an own message.
    pub(super) fn said(&self, session: &Token, id: &Token) -> String {
        format!("{}:said:{session}:{id}", self.prefix)
    }

    /// Text: the last number taken of a peer.
    pub(super) fn taken(&self, origin: &Token, epoch: &Token) -> String {
        format!("{}:taken:{origin}:{epoch}", self.prefix)
    }

    /// Text: the cursor of a peer's message.
    pub(super) fn relayed(&self, origin: &Token, id: &Token) -> String {
        format!("{}:relayed:{origin}:{id}", self.prefix)
    }

    /// Text that expires: a replica that is alive.
    pub(super) fn replica(&self, replica: &str) -> String {
        format!("{}:replica:{replica}", self.prefix)
    }

    /// Text that expires: the replica that relays to a peer.
    pub(super) fn leader(&self, peer: &str) -> String {
        format!("{}:leader:{peer}", self.prefix)
    }
}

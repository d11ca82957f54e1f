//! One client in the room.

use crate::domain::{ClientId, Token};
use crate::metrics::ProtocolLabel;

/// A connection in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId(pub(super) u64);

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The original's text.
    Plain,
    /// `malha.chat.v1`.
    V1,
}

impl Protocol {
    /// A bounded name, for metrics and spans.
    pub fn code(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::V1 => "v1",
        }
    }

    pub(super) fn label(self) -> ProtocolLabel {
        ProtocolLabel {
            protocol: self.code(),
        }
    }
}

/// Why the room ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The client did not read what was sent to it.
    TooSlow,
    /// Another connection of its session came.
    Replaced,
    /// The room missed entries that the client had to see. It comes back and is told.
    MissedEntries,
}

/// One client in the room. `H` is the handle of its connection.
#[derive(Debug)]
pub(super) struct Member<H> {
    pub(super) client: ClientId,
    pub(super) session: Token,
    pub(super) protocol: Protocol,
    /// Whether its join was relayed.
    pub(super) announced: bool,
    /// The client has seen everything up to this cursor.
    pub(super) seen: u64,
    pub(super) handle: H,
}

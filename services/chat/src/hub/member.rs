//! One client in the room.

use std::sync::Arc;

use bytes::Bytes;

use super::connection::ClientConnection;
use crate::domain::{ClientId, Token};
use crate::metrics::ProtocolLabel;

/// A connection's place in the room.
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
    /// It did not read what was sent to it.
    TooSlow,
    /// Another connection of its session came.
    Replaced,
    /// Entries were missed that it had to see: it must come back and be told.
    Missed,
}

/// One client in the room.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) client: ClientId,
    pub(super) session: Token,
    pub(super) protocol: Protocol,
    /// Whether the peers were told that it joined.
    pub(super) announced: bool,
    /// It has seen everything up to this cursor.
    pub(super) seen: u64,
    line: Arc<ClientConnection>,
}

impl Member {
    pub(super) fn new(
        client: ClientId,
        session: Token,
        protocol: Protocol,
        line: Arc<ClientConnection>,
    ) -> Self {
        Self {
            client,
            session,
            protocol,
            announced: false,
            seen: 0,
            line,
        }
    }

    /// Hands it a frame, if it has not been ended.
    pub(super) fn enqueue(&self, frame: Bytes) -> bool {
        self.line.enqueue(frame)
    }

    pub(super) fn end(&self, ending: Eviction) {
        self.line.end(ending);
    }
}

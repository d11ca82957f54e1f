//! One client in the room.

use std::sync::Arc;

use bytes::Bytes;

use super::line::Line;
use crate::domain::{ClientId, Token};
use crate::metrics::ProtocolLabel;

/// A connection's place in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId(pub(super) u64);

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// The original's text.
    Plain,
    /// `malha.chat.v1`.
    V1,
}

impl Speaks {
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
pub enum Ending {
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
    pub(super) speaks: Speaks,
    /// Whether the peers were told that it joined.
    pub(super) told: bool,
    /// It has seen everything up to this cursor.
    pub(super) seen: u64,
    line: Arc<Line>,
}

impl Member {
    pub(super) fn new(client: ClientId, session: Token, speaks: Speaks, line: Arc<Line>) -> Self {
        Self {
            client,
            session,
            speaks,
            told: false,
            seen: 0,
            line,
        }
    }

    /// Hands it a frame, if it has not been ended.
    pub(super) fn hand(&self, frame: Bytes) -> bool {
        self.line.hand(frame)
    }

    pub(super) fn end(&self, ending: Ending) {
        self.line.end(ending);
    }
}

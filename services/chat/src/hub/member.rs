//! One client in the room.

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, oneshot};

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
    queue: mpsc::Sender<Utf8Bytes>,
    end: Option<oneshot::Sender<Ending>>,
}

impl Member {
    pub(super) fn new(
        client: ClientId,
        session: Token,
        speaks: Speaks,
        queue: mpsc::Sender<Utf8Bytes>,
        end: oneshot::Sender<Ending>,
    ) -> Self {
        Self {
            client,
            session,
            speaks,
            told: false,
            seen: 0,
            queue,
            end: Some(end),
        }
    }

    /// Hands it a frame, if it has not been ended. One whose queue is full is ended: it would
    /// otherwise miss a frame and not know it.
    pub(super) fn hand(&mut self, frame: Utf8Bytes) -> bool {
        if self.end.is_none() {
            return false;
        }
        let handed = self.queue.try_send(frame).is_ok();
        if !handed {
            self.end(Ending::TooSlow);
        }
        handed
    }

    pub(super) fn end(&mut self, ending: Ending) {
        if let Some(end) = self.end.take() {
            // A connection that has ended by itself does not listen any more.
            let _ = end.send(ending);
        }
    }
}

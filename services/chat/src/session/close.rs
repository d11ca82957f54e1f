//! The ways in which a connection ends.

use bytes::Bytes;
use runtime::memory::MemoryBudget;
use tokio::time::{Duration, Instant, timeout_at};

use crate::hub::{ClientConnection, Eviction};
use crate::wire::websocket::{self, FrameReader, Incoming, Opcode, Wrong};

/// Why a connection ended, or is to be ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// The client said so, with this code.
    ByClient(u16),
    /// The network did.
    Gone,
    /// No answer to a ping.
    Silent,
    /// The service ends.
    Draining,
    /// It did not read what was sent to it.
    TooSlow,
    /// Another connection of its session came.
    Replaced,
    /// Not text.
    Binary,
    /// Not UTF-8.
    NotUtf8,
    /// Not RFC 6455.
    Protocol,
    /// Larger than allowed.
    TooBig,
    /// No frame of the subprotocol.
    BadFrame(String),
    /// Ahead of its rate for too long.
    Flood,
    /// The store does not answer: nobody knows what became of its message.
    Unavailable,
    /// There is no memory for the rest of a message that it has begun.
    NoMemory,
}

impl Close {
    /// RFC 6455, 7.4.1, and 4000 of the range for private use.
    pub(super) fn code(&self) -> u16 {
        match self {
            Self::ByClient(code) => *code,
            Self::Gone | Self::Silent => 1006,
            Self::Draining => 1001,
            Self::Protocol => 1002,
            Self::Binary => 1003,
            Self::NotUtf8 => 1007,
            Self::BadFrame(_) | Self::Flood => 1008,
            Self::TooBig => 1009,
            Self::Unavailable => 1011,
            Self::TooSlow | Self::NoMemory => 1013,
            Self::Replaced => 4000,
        }
    }

    /// What the client reads.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::BadFrame(why) => why.clone(),
            other => other.metric().replace('_', " "),
        }
    }

    /// A bounded name.
    pub(super) fn metric(&self) -> &'static str {
        match self {
            Self::ByClient(_) => "by_client",
            Self::Gone => "gone",
            Self::Silent => "silent",
            Self::Draining => "draining",
            Self::TooSlow => "too_slow",
            Self::Replaced => "replaced",
            Self::Binary => "text_frames_only",
            Self::NotUtf8 => "not_utf_8",
            Self::Protocol => "protocol_error",
            Self::TooBig => "message_too_big",
            Self::BadFrame(_) => "bad_frame",
            Self::Flood => "rate",
            Self::Unavailable => "store_unavailable",
            Self::NoMemory => MemoryBudget::CODE,
        }
    }

    /// Whether the client is yet to answer. What follows a fault of the protocol means nothing.
    fn awaits_answer(&self) -> bool {
        !matches!(
            self,
            Self::ByClient(_)
                | Self::Protocol
                | Self::Binary
                | Self::NotUtf8
                | Self::TooBig
                | Self::NoMemory
        )
    }

    /// What is said last; nothing to who cannot hear it.
    fn frame(&self) -> Option<Bytes> {
        match self {
            Self::Gone | Self::Silent => None,
            Self::ByClient(NO_CODE) => Some(websocket::frame(Opcode::Close, &[])),
            Self::ByClient(code) => Some(websocket::close(*code, "")),
            _ => Some(websocket::close(self.code(), &self.reason())),
        }
    }
}

impl From<Eviction> for Close {
    fn from(ending: Eviction) -> Self {
        match ending {
            Eviction::TooSlow => Self::TooSlow,
            Eviction::Replaced => Self::Replaced,
            Eviction::MissedEntries => Self::Unavailable,
        }
    }
}

impl From<Wrong> for Close {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Protocol => Self::Protocol,
            Wrong::Binary => Self::Binary,
            Wrong::NotUtf8 => Self::NotUtf8,
            Wrong::TooBig(_) => Self::TooBig,
        }
    }
}

impl From<std::io::Error> for Close {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

/// What a close without a code counts as (RFC 6455, 7.4.1).
pub(super) const NO_CODE: u16 = 1005;

/// The end of a connection, which takes only so long (RFC 6455, 7.1.1 and 7.1.2).
pub(super) struct CloseHandshake<'a> {
    connection: &'a ClientConnection,
    until: Instant,
    said: bool,
    /// What the client may still answer with; none where nothing of it means anything, or where it
    /// was the client that began.
    answer: Option<FrameReader>,
}

impl<'a> CloseHandshake<'a> {
    /// Says why. `reader` holds what came of the client and was not heard.
    pub(super) async fn say(
        connection: &'a ClientConnection,
        why: &Close,
        within: Duration,
        reader: Option<FrameReader>,
    ) -> Self {
        let until = Instant::now() + within;
        let said = match why.frame() {
            None => false,
            Some(frame) => {
                // Whoever is told to come back, or does not hear us, will ask again for what was
                // dropped.
                let drops = !matches!(why, Close::ByClient(_) | Close::Draining);
                let saying = timeout_at(until, connection.close(frame, drops));
                matches!(saying.await, Ok(Ok(())))
            }
        };
        Self {
            connection,
            until,
            said,
            answer: reader.filter(|_| why.awaits_answer()),
        }
    }

    /// Waits for the client's own close before the connection ends: some clients lose what they had
    /// not read yet once it has. Then waits for their end of it, for a connection that is closed
    /// while something unread lies in it may be reset, and what was said last is lost with it.
    pub(super) async fn finish(mut self) {
        if !self.said {
            return;
        }
        // A client that does not answer is left alone then.
        let _ = timeout_at(self.until, self.hear_close()).await;
        let _ = self.connection.shut_down().await;
        let to_the_end = async { while let Ok(true) = self.connection.read(|_| {}).await {} };
        let _ = timeout_at(self.until, to_the_end).await;
    }

    /// Reads up to the client's close, or up to where nothing more can be read.
    async fn hear_close(&mut self) {
        let Some(reader) = &mut self.answer else {
            return;
        };
        loop {
            match reader.next_message() {
                Ok(Some(Incoming::Close(_))) | Err(_) => return,
                Ok(Some(_)) => {}
                Ok(None) => {
                    let read = self.connection.read(|bytes| reader.push_bytes(bytes));
                    if !read.await.unwrap_or(false) {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! A WebSocket, and the ways in which it ends.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};

use crate::hub::Ending;

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
    /// Too many messages, though it was told.
    Flood,
    /// The store does not answer: nobody knows what became of its message.
    Unavailable,
}

impl Close {
    pub(super) fn of(ending: Ending) -> Self {
        match ending {
            Ending::TooSlow => Self::TooSlow,
            Ending::Replaced => Self::Replaced,
            Ending::Missed => Self::Unavailable,
        }
    }

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
            Self::TooSlow => 1013,
            Self::Replaced => 4000,
        }
    }

    /// What the client reads.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::BadFrame(why) => truncated(why),
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
        }
    }

    fn of_error(error: axum::Error) -> Self {
        match error.into_inner().downcast::<WsError>() {
            Ok(error) => match *error {
                WsError::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooBig,
                WsError::Utf8(_) => Self::NotUtf8,
                WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
                WsError::Protocol(_) => Self::Protocol,
                _ => Self::Gone,
            },
            Err(_) => Self::Gone,
        }
    }
}

/// A close frame's reason has at most 123 bytes (RFC 6455, 5.5).
fn truncated(text: &str) -> String {
    let mut end = text.len().min(123);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A frame of text.
    Text(Utf8Bytes),
    /// A sign of life.
    Nothing,
}

/// A WebSocket.
#[derive(Debug)]
pub(super) struct Socket(WebSocket);

impl Socket {
    pub(super) fn new(socket: WebSocket) -> Self {
        Self(socket)
    }

    /// What comes next. May be given up at any time without losing anything.
    pub(super) async fn read(&mut self) -> Result<Heard, Close> {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Nothing),
            Some(Ok(Message::Binary(_))) => Err(Close::Binary),
            Some(Ok(Message::Close(frame))) => {
                Err(Close::ByClient(frame.map_or(1005, |frame| frame.code)))
            }
            Some(Err(error)) => Err(Close::of_error(error)),
            None => Err(Close::Gone),
        }
    }

    /// Writes all frames, then sends them off together.
    pub(super) async fn write(
        &mut self,
        frames: impl IntoIterator<Item = Utf8Bytes>,
    ) -> Result<(), Close> {
        for frame in frames {
            self.feed(Message::Text(frame)).await?;
        }
        self.0.flush().await.map_err(Close::of_error)
    }

    /// Writes one frame and sends it off.
    pub(super) async fn send(&mut self, frame: Message) -> Result<(), Close> {
        self.feed(frame).await?;
        self.0.flush().await.map_err(Close::of_error)
    }

    async fn feed(&mut self, frame: Message) -> Result<(), Close> {
        self.0.feed(frame).await.map_err(Close::of_error)
    }

    /// Says why, and waits for the client to have heard, for a while.
    pub(super) async fn close(mut self, why: &Close, wait: Duration) {
        let goodbye = async {
            match why {
                Close::Gone | Close::Silent => return,
                // The answer to its close is in the buffer already.
                Close::ByClient(_) => {
                    let _ = self.0.flush().await;
                }
                _ => {
                    let frame = CloseFrame {
                        code: why.code(),
                        reason: why.reason().into(),
                    };
                    if self.0.send(Message::Close(Some(frame))).await.is_err() {
                        return;
                    }
                }
            }
            // What it sent before it heard is not for the room any more.
            while let Some(Ok(_)) = self.0.next().await {}
        };
        // A client that does not answer is left alone then.
        let _ = tokio::time::timeout(wait, goodbye).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        let reason = Close::BadFrame("ç".repeat(200)).reason();
        assert_eq!(reason.len(), 122);
        assert_eq!(Close::TooSlow.reason(), "too slow");
    }
}

//! WebSocket frames (RFC 6455), as bytes and nothing else: no socket, no waiting.
//!
//! Our own, and not a library's, for two reasons: a frame is encoded once and its bytes are shared
//! by everybody who is sent it, and a connection that is silent keeps no buffer.

mod reader;

pub use reader::{FrameReader, Incoming, Wrong};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use sha1::{Digest, Sha1};

/// What a frame is (5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of a message.
    Continuation = 0,
    /// Text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The end.
    Close = 8,
    /// A question for a sign of life.
    Ping = 9,
    /// The answer to it.
    Pong = 10,
}

impl Opcode {
    fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        self as u8 & 8 != 0
    }
}

/// A control frame's payload has at most so many bytes (5.5).
pub const MAX_CONTROL: usize = 125;

/// A whole frame of a server, which masks nothing.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + 10);
    put_frame(&mut bytes, opcode, payload);
    bytes.freeze()
}

/// A frame of text.
pub fn text(text: &str) -> Bytes {
    frame(Opcode::Text, text.as_bytes())
}

/// Frames of text, one behind the other.
pub fn texts(texts: impl IntoIterator<Item = String>) -> Bytes {
    let mut bytes = BytesMut::new();
    for text in texts {
        put_frame(&mut bytes, Opcode::Text, text.as_bytes());
    }
    bytes.freeze()
}

/// A close frame. A reason that is too long is cut between two characters (5.5.1).
pub fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = code.to_be_bytes().to_vec();
    let end = reason.floor_char_boundary(MAX_CONTROL - payload.len());
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(Opcode::Close, &payload)
}

fn put_frame(bytes: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
    const FINAL: u8 = 0x80;
    bytes.put_u8(FINAL | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => bytes.put_u8(length),
        (_, Ok(length)) => {
            bytes.put_u8(126);
            bytes.put_u16(length);
        }
        _ => {
            bytes.put_u8(127);
            bytes.put_u64(payload.len() as u64);
        }
    }
    bytes.put_slice(payload);
}

/// Whether a close may say this code: those of the RFC (7.4.1), those that IANA has registered
/// since (1012, 1013, 1014), and what libraries and programs use among themselves.
pub fn is_sendable_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`; none where that is not 16 bytes in
/// base64 (4.2.1).
pub fn accept_key(key: &[u8]) -> Option<String> {
    const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let is_key = BASE64_STANDARD.decode(key).ok()?.len() == 16;
    let digest = Sha1::new().chain_update(key).chain_update(MAGIC).finalize();
    is_key.then(|| BASE64_STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_written_in_as_few_bytes_as_hold_it() {
        for (length, head) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xff, 0xff]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text(&"x".repeat(length));
            assert_eq!(frame[..head.len()], head, "{length}");
            assert_eq!(frame.len(), head.len() + length);
        }
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let frame = close(1008, &"ç".repeat(200));
        assert_eq!(frame[..4], [0x88, 124, 0x03, 0xf0]);
        assert_eq!(str::from_utf8(&frame[4..]).unwrap(), "ç".repeat(61));
    }

    #[test]
    fn the_key_of_the_rfc_is_answered_as_the_rfc_says() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for wrong in [&b""[..], b"short", b"dGhlIHNhbXBsZSBub25jZQ", b"AAAA"] {
            assert_eq!(accept_key(wrong), None, "{wrong:?}");
        }
    }
}

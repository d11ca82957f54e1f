//! WebSocket frames (RFC 6455), written and read as bytes. There is no socket here, and no waiting.
//!
//! The code is our own and not a library's, for two reasons. A frame is encoded once, and everybody
//! who is sent it shares its bytes. And a connection that is silent keeps no buffer.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use sha1::{Digest, Sha1};

/// The kind of a frame (5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
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

/// The most bytes that the payload of a control frame may have (5.5).
pub const MAX_CONTROL: usize = 125;

/// A whole frame from a server. Servers do not mask.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(payload.len() + 10);
    put_frame(&mut bytes, opcode, payload);
    bytes.freeze()
}

/// A text frame.
pub fn text(text: &str) -> Bytes {
    frame(Opcode::Text, text.as_bytes())
}

/// Several text frames, one after the other.
pub fn texts(texts: impl IntoIterator<Item = String>) -> Bytes {
    let mut bytes = BytesMut::new();
    for text in texts {
        put_frame(&mut bytes, Opcode::Text, text.as_bytes());
    }
    bytes.freeze()
}

/// A close frame (5.5.1). A reason that is too long is cut between two characters.
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

/// Whether a close frame may carry this code. Those of the RFC may (7.4.1), those that IANA has
/// registered since (1012, 1013, 1014), and those for libraries and programs.
pub fn is_sendable_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The `Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`; none where the key is not 16
/// bytes in base64 (4.2.1).
pub fn accept_key(key: &[u8]) -> Option<String> {
    const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let is_key = BASE64_STANDARD.decode(key).ok()?.len() == 16;
    let digest = Sha1::new().chain_update(key).chain_update(MAGIC).finalize();
    is_key.then(|| BASE64_STANDARD.encode(digest))
}

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text message.
    Text(String),
    /// A ping, which is answered with the same bytes.
    Ping(Vec<u8>),
    /// A pong, whose bytes do not matter.
    Pong,
    /// A close, with its code if it has one.
    Close(Option<u16>),
}

/// What a client did wrong. Nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The bytes break RFC 6455.
    #[error("no frame of RFC 6455")]
    Protocol,
    /// A binary message; only text is accepted.
    #[error("a frame of bytes instead of text")]
    Binary,
    /// A text, or the reason of a close, is not UTF-8.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A message has more bytes than are allowed.
    #[error("a message of more than {0} bytes")]
    TooBig(usize),
}

/// Reads the frames of one client, in whatever pieces they come. Between messages it holds no
/// memory.
#[derive(Debug)]
pub struct FrameReader {
    /// The most bytes that a message may have.
    largest: usize,
    /// Bytes that came. Those before `at` are read.
    came: Vec<u8>,
    at: usize,
    /// The fragments of a message that is not complete yet.
    message: Option<Vec<u8>>,
}

/// The head of a frame.
#[derive(Clone, Copy)]
struct Head {
    is_final: bool,
    opcode: Opcode,
    mask: [u8; 4],
    /// The length of the head itself.
    head: usize,
    /// The length of the payload.
    payload: usize,
}

impl FrameReader {
    /// A reader of messages of at most `largest` bytes.
    pub fn new(largest: usize) -> Self {
        Self {
            largest,
            came: Vec::new(),
            at: 0,
            message: None,
        }
    }

    /// Adds bytes that came.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.came.drain(..self.at);
        self.at = 0;
        self.came.extend_from_slice(bytes);
    }

    /// How much memory it holds for a message that is not complete.
    pub fn held(&self) -> usize {
        self.came.capacity() + self.message.as_ref().map_or(0, Vec::capacity)
    }

    /// The next message or control frame, once it is complete.
    pub fn next_message(&mut self) -> Result<Option<Incoming>, Wrong> {
        loop {
            let Some(head) = self.head()? else {
                return Ok(None);
            };
            let start = self.at + head.head;
            let Some(payload) = self.came.get_mut(start..start + head.payload) else {
                return Ok(None);
            };
            for four in payload.chunks_mut(4) {
                for (byte, mask) in four.iter_mut().zip(head.mask) {
                    *byte ^= mask;
                }
            }
            self.at = start + head.payload;
            let heard = Self::said(head, payload, &mut self.message)?;
            if self.at == self.came.len() {
                (self.came, self.at) = (Vec::new(), 0);
            }
            if heard.is_some() {
                return Ok(heard);
            }
        }
    }

    /// The head of the next frame, if it is complete. A wrong one is refused as early as possible.
    fn head(&self) -> Result<Option<Head>, Wrong> {
        let came = &self.came[self.at..];
        let [first, second, rest @ ..] = came else {
            return Ok(None);
        };
        let (is_final, reserved) = (first & 0x80 != 0, first & 0x70 != 0);
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        let Some(opcode) = Opcode::of(first & 0x0f) else {
            return Err(Wrong::Protocol);
        };
        let too_long = opcode.is_control() && (!is_final || usize::from(short) > MAX_CONTROL);
        let among_fragments = match opcode {
            Opcode::Continuation => self.message.is_none(),
            Opcode::Text | Opcode::Binary => self.message.is_some(),
            _ => false,
        };
        if reserved || !is_masked || too_long || among_fragments {
            return Err(Wrong::Protocol);
        }
        if opcode == Opcode::Binary {
            return Err(Wrong::Binary);
        }
        let (length, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        let before = self.message.as_ref().map_or(0, Vec::len);
        let payload = match usize::try_from(length) {
            Ok(payload) if opcode.is_control() || payload <= self.largest - before => payload,
            _ => return Err(Wrong::TooBig(self.largest)),
        };
        let Some((mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Head {
            is_final,
            opcode,
            mask: *mask,
            head: came.len() - rest.len(),
            payload,
        }))
    }

    /// What a complete frame says; nothing where more fragments follow.
    fn said(
        head: Head,
        payload: &[u8],
        message: &mut Option<Vec<u8>>,
    ) -> Result<Option<Incoming>, Wrong> {
        match head.opcode {
            Opcode::Ping => Ok(Some(Incoming::Ping(payload.to_vec()))),
            Opcode::Pong => Ok(Some(Incoming::Pong)),
            Opcode::Close => closing(payload).map(|code| Some(Incoming::Close(code))),
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                let mut whole = message.take().unwrap_or_default();
                whole.extend_from_slice(payload);
                if !head.is_final {
                    *message = Some(whole);
                    return Ok(None);
                }
                let text = String::from_utf8(whole).map_err(|_| Wrong::NotUtf8)?;
                Ok(Some(Incoming::Text(text)))
            }
        }
    }
}

/// The code in the payload of a close (5.5.1).
fn closing(payload: &[u8]) -> Result<Option<u16>, Wrong> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        // One byte is half a code.
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(Wrong::Protocol)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_sendable_close_code(code) {
        return Err(Wrong::Protocol);
    }
    str::from_utf8(reason).map_err(|_| Wrong::NotUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests;

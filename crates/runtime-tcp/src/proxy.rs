//! The header of the PROXY protocol, as far as a trace's context needs it.
//!
//! The protocol is that of `HAProxy` ("The PROXY protocol, versions 1 & 2"); `proto/trace-context-tcp.md`
//! says which part of it travels here, with test vectors. This is the codec alone: it looks at
//! bytes and never waits for any.

use opentelemetry::trace::SpanContext;

mod v1;
mod v2;

use super::tlv;
use v2::{FIXED, LOCAL};

/// What a header of version 2 begins with: bytes that no text protocol and hardly a number begins with.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header that is read, in all: what fits into the smallest TCP segment.
pub const MAX_HEADER: usize = 536;

/// How many headers are read: each proxy on the way puts its own in front.
pub const MAX_HEADERS: usize = 4;

/// What the bytes at the start of a connection are.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    /// The start of a header, or what may become one: more bytes will tell.
    NeedMore,
    /// No header. The bytes belong to the protocol spoken.
    NotProxy,
    /// A header of this many bytes; what follows belongs to the protocol spoken.
    Header {
        /// How long the header is.
        length: usize,
        /// The trace that the sender is in, where the header tells a valid one.
        context: Option<SpanContext>,
    },
    /// The signature of a header, and then something that must not follow it.
    Invalid(HeaderError),
}

/// Why what begins as a header is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HeaderError {
    /// The signature of version 2, and another version or an unknown command.
    #[error("the PROXY header has an unknown version or command")]
    Command,
    /// An unknown address family or transport.
    #[error("the PROXY header has an unknown address family")]
    Family,
    /// Longer than [`MAX_HEADER`]; a line of version 1, than 107 bytes.
    #[error("the PROXY header is longer than any may be")]
    TooLong,
    /// The addresses of its family are not there, or cannot be read.
    #[error("the PROXY header does not have the addresses of its family")]
    Addresses,
    /// A line of version 1 that ends without `\r`.
    #[error("the PROXY header is a line that does not end with CR LF")]
    LineEnd,
    /// A TLV that reaches beyond the header.
    #[error("the PROXY header has a TLV that reaches beyond it")]
    Tlv,
    /// The connection paused or ended inside it.
    #[error("the PROXY header is not whole")]
    Truncated,
    /// It comes behind [`MAX_HEADERS`] others.
    #[error("there are more than {MAX_HEADERS} PROXY headers")]
    TooMany,
}

impl HeaderError {
    /// A bounded name, for metrics and for the error on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Family => "family",
            Self::TooLong => "too_long",
            Self::Addresses => "addresses",
            Self::LineEnd => "line_end",
            Self::Tlv => "tlv",
            Self::Truncated => "truncated",
            Self::TooMany => "too_many",
        }
    }
}

/// Looks at all bytes that a connection has sent so far, or has sent since its last header.
///
/// It may be asked again with more; once it has not said [`Decoded::NeedMore`], it never says
/// anything else of the same bytes and whatever follows them.
pub fn decode(received: &[u8]) -> Decoded {
    if begins_like(received, &SIGNATURE) {
        v2::decode(received)
    } else if begins_like(received, v1::SIGNATURE) {
        v1::decode(received)
    } else {
        Decoded::NotProxy
    }
}

/// Whether what begins like a header may be a request: nothing has come beyond a signature.
pub fn may_be_a_request(received: &[u8]) -> bool {
    SIGNATURE.starts_with(received) || v1::SIGNATURE.starts_with(received)
}

/// Whether the bytes agree as far as both go.
fn begins_like(received: &[u8], signature: &[u8]) -> bool {
    received
        .iter()
        .zip(signature)
        .all(|(one, other)| one == other)
}

/// A LOCAL header that carries a context: what our clients send before their request.
pub fn encode(context: &SpanContext) -> [u8; FIXED + tlv::LENGTH] {
    let mut header = [0; FIXED + tlv::LENGTH];
    header[..12].copy_from_slice(&SIGNATURE);
    header[12..FIXED].copy_from_slice(&[LOCAL, 0x00, 0x00, 29]);
    header[FIXED..].copy_from_slice(&tlv::encode(context));
    header
}

#[cfg(test)]
mod tests;

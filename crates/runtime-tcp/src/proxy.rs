//! The header of the PROXY protocol, version 2, as far as a trace's context needs it.
//!
//! The protocol is that of `HAProxy` ("The PROXY protocol, versions 1 & 2"); `proto/trace-context-tcp.md`
//! says which part of it travels here, with test vectors. This is the codec alone: it looks at
//! bytes and never waits for any.

use opentelemetry::trace::SpanContext;

use super::tlv;

/// What every header begins with: bytes that no text protocol and hardly a number begins with.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family and transport, length.
const FIXED: usize = 16;

/// The longest header that is read, in all: what fits into the smallest TCP segment.
pub const MAX_HEADER: usize = 536;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

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
    /// Not version 2, or an unknown command.
    #[error("the PROXY header has an unknown version or command")]
    Command,
    /// An unknown address family or transport.
    #[error("the PROXY header has an unknown address family")]
    Family,
    /// Longer than [`MAX_HEADER`].
    #[error("the PROXY header is longer than {MAX_HEADER} bytes")]
    TooLong,
    /// Its length leaves no room for the addresses of its family.
    #[error("the PROXY header is too short for its addresses")]
    Addresses,
    /// A TLV that reaches beyond the header.
    #[error("the PROXY header has a TLV that reaches beyond it")]
    Tlv,
    /// The connection paused or ended inside it.
    #[error("the PROXY header is not whole")]
    Truncated,
}

impl HeaderError {
    /// A bounded name, for metrics and for the error on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Family => "family",
            Self::TooLong => "too_long",
            Self::Addresses => "addresses",
            Self::Tlv => "tlv",
            Self::Truncated => "truncated",
        }
    }
}

/// Looks at all bytes that a connection has sent so far.
///
/// It may be asked again with more; once it has not said [`Decoded::NeedMore`], it never says
/// anything else of the same bytes and whatever follows them.
pub fn decode(received: &[u8]) -> Decoded {
    let known = received.len().min(SIGNATURE.len());
    if received[..known] != SIGNATURE[..known] {
        return Decoded::NotProxy;
    }
    let Some(command) = received.get(SIGNATURE.len()) else {
        return Decoded::NeedMore;
    };
    if !matches!(*command, LOCAL | PROXY) {
        return Decoded::Invalid(HeaderError::Command);
    }
    let Some(fixed) = received.first_chunk::<FIXED>() else {
        return Decoded::NeedMore;
    };
    let [.., family, high, low] = *fixed;
    let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_HEADER {
        return Decoded::Invalid(HeaderError::TooLong);
    }
    let Some(block) = received.get(FIXED..length) else {
        return Decoded::NeedMore;
    };
    match context(*command, family, block) {
        Ok(context) => Decoded::Header { length, context },
        Err(error) => Decoded::Invalid(error),
    }
}

/// The context in the block behind the fixed part: addresses, which are passed over, then TLVs.
fn context(command: u8, family: u8, block: &[u8]) -> Result<Option<SpanContext>, HeaderError> {
    let tlvs = match (command, address_bytes(family)) {
        (LOCAL, None) => return Ok(None), // whatever a LOCAL header's family is, it is ignored
        (_, None) => return Err(HeaderError::Family),
        (_, Some(addresses)) => block.get(addresses..),
    };
    match tlvs {
        Some(tlvs) => tlv::context(tlvs).map_err(|tlv::Overrun| HeaderError::Tlv),
        None if command == LOCAL => Ok(None),
        None => Err(HeaderError::Addresses),
    }
}

/// How many bytes the addresses of a family take, where family and transport are known ones.
fn address_bytes(family: u8) -> Option<usize> {
    if family & 0x0f > 2 {
        return None;
    }
    match family >> 4 {
        0 => Some(0),   // unspecified
        1 => Some(12),  // IPv4
        2 => Some(36),  // IPv6
        3 => Some(216), // Unix
        _ => None,
    }
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

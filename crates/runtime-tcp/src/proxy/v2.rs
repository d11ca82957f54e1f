//! Version 2: bytes, with room for TLVs.

use opentelemetry::trace::SpanContext;

use super::{Decoded, HeaderError, MAX_HEADER, SIGNATURE};
use crate::tlv;

/// Signature, version and command, family and transport, length.
pub(super) const FIXED: usize = 16;

pub(super) const LOCAL: u8 = 0x20;
pub(super) const PROXY: u8 = 0x21;

/// Looks at bytes that begin like [`SIGNATURE`].
pub(super) fn decode(received: &[u8]) -> Decoded {
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

//! Version 1: a line of text. It tells addresses, which are checked and not believed, and no trace.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::{Decoded, HeaderError, begins_like};

/// What every line begins with.
pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// The longest line, its end included.
const MAX_LINE: usize = 107;

const PROTOCOLS: [&[u8]; 3] = [b"TCP4", b"TCP6", b"UNKNOWN"];

/// Looks at bytes that begin like [`SIGNATURE`].
pub(super) fn decode(received: &[u8]) -> Decoded {
    let Some(said) = received.get(SIGNATURE.len()..) else {
        return Decoded::NeedMore;
    };
    let is_known = |protocol: &&[u8]| begins_like(said, protocol);
    if !PROTOCOLS.iter().any(is_known) {
        return Decoded::Invalid(HeaderError::Family);
    }
    let limit = received.len().min(MAX_LINE);
    match received[..limit].iter().position(|byte| *byte == b'\n') {
        Some(newline) => match check(&received[SIGNATURE.len()..newline]) {
            Ok(()) => Decoded::Header {
                length: newline + 1,
                context: None,
            },
            Err(error) => Decoded::Invalid(error),
        },
        None if limit == MAX_LINE => Decoded::Invalid(HeaderError::TooLong),
        None => Decoded::NeedMore,
    }
}

/// Whether a line, without signature and newline, is as the specification has it.
fn check(line: &[u8]) -> Result<(), HeaderError> {
    let line = line.strip_suffix(b"\r").ok_or(HeaderError::LineEnd)?;
    let text = String::from_utf8_lossy(line);
    let parts: Vec<&str> = text.split(' ').collect();
    let are_well = match parts[..] {
        ["UNKNOWN", ..] => true, // whatever follows is to be ignored
        ["TCP4", from, to, ..] => are::<Ipv4Addr>(from, to),
        ["TCP6", from, to, ..] => are::<Ipv6Addr>(from, to),
        ["TCP4" | "TCP6", ..] => false,
        _ => return Err(HeaderError::Family),
    };
    let are_ports = match parts[..] {
        ["UNKNOWN", ..] => true,
        [_, _, _, from, to] => is_port(from) && is_port(to),
        _ => false,
    };
    (are_well && are_ports)
        .then_some(())
        .ok_or(HeaderError::Addresses)
}

fn are<A: FromStr>(from: &str, to: &str) -> bool {
    A::from_str(from).is_ok() && A::from_str(to).is_ok()
}

/// Whether this is a port as the specification writes it: no sign, no leading zero.
fn is_port(text: &str) -> bool {
    text.parse::<u16>()
        .is_ok_and(|port| port.to_string() == text)
}

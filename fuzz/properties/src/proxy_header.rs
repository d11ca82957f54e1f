//! The PROXY header and its TLVs, read as `proto/trace-context-tcp.md` says, however much of them
//! has come.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use runtime_tcp::proxy::{Decoded, HeaderError, MAX_HEADER, SIGNATURE, decode, encode};

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    as_documented(sent);
    // What is of interest begins behind a signature.
    as_documented(&[&SIGNATURE, sent].concat());
    as_documented(&[b"PROXY ", sent].concat());
}

fn as_documented(sent: &[u8]) {
    let decoded = decode(sent);
    assert_eq!(decoded, by_the_document(sent));
    match &decoded {
        Decoded::NeedMore => assert!(sent.len() < MAX_HEADER),
        Decoded::Header { length, context } => {
            assert!(*length <= sent.len().min(MAX_HEADER));
            assert_eq!(
                decode(&sent[..*length]),
                decoded,
                "what follows changes nothing"
            );
            if let Some(context) = context {
                survives_the_journey(context);
            }
        }
        Decoded::NotProxy | Decoded::Invalid(_) => {}
    }
    // Byte by byte: a decision comes once, and stays.
    let known = (0..sent.len().min(MAX_HEADER + 1)).map(|length| decode(&sent[..length]));
    for earlier in known.filter(|earlier| *earlier != Decoded::NeedMore) {
        assert_eq!(earlier, decoded);
    }
}

fn survives_the_journey(context: &SpanContext) {
    assert!(context.is_valid() && context.is_remote());
    let header = encode(context);
    let context = Some(context.clone());
    assert_eq!(
        decode(&header),
        Decoded::Header {
            length: header.len(),
            context
        }
    );
}

/// The document's rules once more, in its order and as plainly as they can be written.
fn by_the_document(sent: &[u8]) -> Decoded {
    // 1. and 2.: signature, version and command, length.
    if sent.starts_with(b"PROXY ") {
        return line_by_the_document(sent);
    }
    if !sent.starts_with(&SIGNATURE) {
        let may_become_one = SIGNATURE.starts_with(sent) || b"PROXY ".starts_with(sent);
        return if may_become_one {
            Decoded::NeedMore
        } else {
            Decoded::NotProxy
        };
    }
    let local = match sent.get(12) {
        None => return Decoded::NeedMore,
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return Decoded::Invalid(HeaderError::Command),
    };
    if sent.len() < 16 {
        return Decoded::NeedMore;
    }
    let length = 256 * usize::from(sent[14]) + usize::from(sent[15]);
    if length > 520 {
        return Decoded::Invalid(HeaderError::TooLong);
    }
    // 3. The whole header.
    if sent.len() < 16 + length {
        return Decoded::NeedMore;
    }
    let block = &sent[16..16 + length];
    let ignored = Decoded::Header {
        length: 16 + length,
        context: None,
    };
    // 4. Addresses.
    let addresses = match sent[13] {
        0x00..=0x02 => 0,
        0x10..=0x12 => 12,
        0x20..=0x22 => 36,
        0x30..=0x32 => 216,
        _ if local => return ignored,
        _ => return Decoded::Invalid(HeaderError::Family),
    };
    if block.len() < addresses {
        return if local {
            ignored
        } else {
            Decoded::Invalid(HeaderError::Addresses)
        };
    }
    // 5. TLVs.
    let mut at = addresses;
    let mut contexts = Vec::new();
    while at < block.len() {
        if at + 3 > block.len() {
            return Decoded::Invalid(HeaderError::Tlv);
        }
        let end = at + 3 + 256 * usize::from(block[at + 1]) + usize::from(block[at + 2]);
        if end > block.len() {
            return Decoded::Invalid(HeaderError::Tlv);
        }
        if block[at] == 0xe0 {
            contexts.push(&block[at + 3..end]);
        }
        at = end;
    }
    // 6. The first context, if it is one.
    let context = contexts.first().and_then(|value| context(value));
    Decoded::Header {
        length: 16 + length,
        context,
    }
}

/// What the document says of version 1.
fn line_by_the_document(sent: &[u8]) -> Decoded {
    let said = &sent[6..];
    let words: [&[u8]; 3] = [b"TCP4", b"TCP6", b"UNKNOWN"];
    if !words
        .iter()
        .any(|word| said.starts_with(word) || word.starts_with(said))
    {
        return Decoded::Invalid(HeaderError::Family);
    }
    let Some(end) = sent.iter().take(107).position(|byte| *byte == b'\n') else {
        return if sent.len() < 107 {
            Decoded::NeedMore
        } else {
            Decoded::Invalid(HeaderError::TooLong)
        };
    };
    if sent[end - 1] != b'\r' {
        return Decoded::Invalid(HeaderError::LineEnd);
    }
    let line = String::from_utf8_lossy(&sent[6..end - 1]);
    let mut parts = line.split(' ');
    let protocol = parts.next().unwrap_or_default();
    let parts: Vec<&str> = parts.collect();
    let is_whole = match protocol {
        "UNKNOWN" => true,
        "TCP4" | "TCP6" if parts.len() == 4 => {
            let are_addresses = parts[..2].iter().all(|part| {
                part.parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_ipv4() == (protocol == "TCP4"))
            });
            let are_ports = parts[2..].iter().all(|part| {
                let is_plain = *part == "0" || !part.starts_with('0');
                let are_digits = part.bytes().all(|digit| digit.is_ascii_digit());
                is_plain && are_digits && part.parse::<u16>().is_ok()
            });
            are_addresses && are_ports
        }
        "TCP4" | "TCP6" => false,
        _ => return Decoded::Invalid(HeaderError::Family),
    };
    if is_whole {
        Decoded::Header {
            length: end + 1,
            context: None,
        }
    } else {
        Decoded::Invalid(HeaderError::Addresses)
    }
}

fn context(value: &[u8]) -> Option<SpanContext> {
    if value.len() != 26 || value[0] != 0 {
        return None;
    }
    let trace_id = TraceId::from_bytes(value[1..17].try_into().ok()?);
    let span_id = SpanId::from_bytes(value[17..25].try_into().ok()?);
    let flags = TraceFlags::default().with_sampled(value[25] % 2 == 1);
    if trace_id == TraceId::INVALID || span_id == SpanId::INVALID {
        return None;
    }
    Some(SpanContext::new(
        trace_id,
        span_id,
        flags,
        true,
        TraceState::NONE,
    ))
}

//! The PROXY protocol, version 2, and a trace's context in it.

use crate::message::{By, Field, Layer, TraceContext, hex};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header that is waited for.
const LONGEST: usize = 16 + 520;

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// No header.
    None,
    /// Perhaps one; more bytes are needed.
    Incomplete,
    /// One, with its layer and the context in it.
    Complete(Layer, Option<TraceContext>),
}

/// Reads a header at this offset.
pub(crate) fn header(bytes: &[u8], offset: usize) -> Header {
    let here = bytes.get(offset..).unwrap_or_default();
    let same = here.len().min(SIGNATURE.len());
    // A single byte is no reason to wait: a number may be so.
    if here.len() < 4 || here[..same] != SIGNATURE[..same] {
        return Header::None;
    }
    if here.len() < 16 {
        return Header::Incomplete;
    }
    let length = usize::from(u16::from_be_bytes([here[14], here[15]]));
    let end = 16 + length;
    if here[12] >> 4 != 2 || end > LONGEST {
        return Header::None;
    }
    if here.len() < end {
        return Header::Incomplete;
    }
    let command = match here[12] & 0xf {
        0 => "LOCAL: the connection's own addresses hold".to_owned(),
        1 => "PROXY: addresses follow".to_owned(),
        other => format!("{other}"),
    };
    let addresses = match here[13] >> 4 {
        1 => 12,
        2 => 36,
        3 => 216,
        _ => 0,
    };
    let at = |index: usize| offset + index;
    let mut fields = vec![
        Field::new("signature", hex(&SIGNATURE), at(0), at(12)),
        Field::new(
            "version and command",
            format!("2, {command}"),
            at(12),
            at(13),
        ),
        Field::new("family", format!("{:#04x}", here[13]), at(13), at(14)),
        Field::new("length", length.to_string(), at(14), at(16)),
    ];
    let mut context = None;
    let mut next = 16 + addresses;
    while let Some([kind, high, low]) = here.get(next..next + 3).filter(|_| next + 3 <= end) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(value) = here
            .get(next + 3..next + 3 + length)
            .filter(|_| next + 3 + length <= end)
        else {
            break;
        };
        let name = format!("TLV {kind:#04X}").replace("0X", "0x");
        if let Some(found) = traced(*kind, value) {
            let shown = format!("00-{}-{}-{:02x}", found.id, found.span, value[25]);
            fields.push(Field::new(
                name + ", a trace's context",
                shown,
                at(next),
                at(next + 3 + length),
            ));
            context = Some(found);
        } else {
            fields.push(Field::new(
                name,
                hex(value),
                at(next),
                at(next + 3 + length),
            ));
        }
        next += 3 + length;
    }
    let layer = Layer {
        name: "PROXY protocol v2",
        section: "HAProxy, The PROXY protocol, 2.2; proto/trace-context-tcp.md",
        start: offset,
        end: offset + end,
        fields,
    };
    Header::Complete(layer, context)
}

fn traced(kind: u8, value: &[u8]) -> Option<TraceContext> {
    if kind != 0xE0 || value.len() != 26 || value[0] != 0 {
        return None;
    }
    let found = TraceContext::parse(&format!(
        "00-{}-{}-00",
        hex(&value[1..17]),
        hex(&value[17..25])
    ))?;
    Some(TraceContext {
        by: By::Tlv,
        ..found
    })
}

//! Frames of a WebSocket.

use crate::conversation::{Buffer, MOST_BUFFERED, raw_message};
use crate::message::{Field, Layer, Message, Side, TraceContext, hex, printable, short};

/// The next frame, if it is complete.
pub(crate) fn read(side: Side, buffer: &mut Buffer) -> Option<Message> {
    let here = buffer.rest();
    let (first, second) = (*here.first()?, *here.get(1)?);
    let is_masked = second & 0x80 != 0;
    let (length, mut at) = match second & 0x7f {
        126 => (
            usize::from(u16::from_be_bytes([*here.get(2)?, *here.get(3)?])),
            4,
        ),
        127 => {
            let bytes: [u8; 8] = here.get(2..10)?.try_into().ok()?;
            (
                usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX),
                10,
            )
        }
        short => (usize::from(short), 2),
    };
    let length_end = at;
    let key: [u8; 4] = if is_masked {
        let key = here.get(at..at + 4)?.try_into().ok()?;
        at += 4;
        key
    } else {
        [0; 4]
    };
    if length > MOST_BUFFERED {
        return raw_message(side, buffer);
    }
    let payload: Vec<u8> = here.get(at..at + length)?.to_vec();
    let offset = buffer.offset;
    let payload: Vec<u8> = payload
        .iter()
        .zip(key.iter().cycle())
        .map(|(byte, key)| byte ^ key)
        .collect();
    let (bytes, _) = buffer.take(offset + at + length);
    let kind = kind(first & 0xf);
    let last = if first & 0x80 != 0 {
        "the last piece"
    } else {
        "more follows"
    };
    let text = match first & 0xf {
        8 => payload.get(2..).and_then(printable),
        _ => printable(&payload),
    };
    let text = text.map(str::to_owned);
    let shown = text
        .clone()
        .unwrap_or_else(|| hex(payload.get(..32).unwrap_or(&payload)));
    let mut fields = vec![
        Field::new("kind", format!("{kind}, {last}"), offset, offset + 1),
        Field::new(
            "length",
            length.to_string(),
            offset + 1,
            offset + length_end,
        ),
    ];
    if is_masked {
        fields.push(Field::new(
            "mask",
            hex(&key),
            offset + length_end,
            offset + at,
        ));
    }
    if first & 0xf == 8
        && let [high, low, ..] = payload.as_slice()
    {
        let code = u16::from_be_bytes([*high, *low]);
        fields.push(Field::new(
            "close code",
            code.to_string(),
            offset + at,
            offset + at + 2,
        ));
    }
    let name = if is_masked {
        "payload, without the mask"
    } else {
        "payload"
    };
    fields.push(Field::new(name, shown.clone(), offset + at, bytes.len()));
    Some(Message {
        side,
        protocol: "websocket",
        summary: short(&format!("{kind} {shown}")),
        trace: text.as_deref().and_then(traceparent),
        call: None,
        text,
        layers: vec![Layer {
            name: "WebSocket",
            section: "RFC 6455, 5.2",
            start: offset,
            end: bytes.len(),
            fields,
        }],
        bytes,
    })
}

fn kind(opcode: u8) -> &'static str {
    match opcode {
        0 => "continuation",
        1 => "text",
        2 => "binary",
        8 => "close",
        9 => "ping",
        10 => "pong",
        _ => "reserved",
    }
}

/// A `traceparent` among the members of a JSON text.
fn traceparent(text: &str) -> Option<TraceContext> {
    let (_, rest) = text.split_once("\"traceparent\"")?;
    let value = rest.split('"').nth(1)?;
    TraceContext::parse(value)
}

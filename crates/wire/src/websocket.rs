//! Frames of a WebSocket.

use crate::buffer::{Buffer, MOST_BUFFERED, raw_message};
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame that is not masked.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = payload.len();
        let length = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..126), _) => vec![short],
            (_, Ok(length)) => [&[126][..], &length.to_be_bytes()].concat(),
            _ => [&[127][..], &(length as u64).to_be_bytes()].concat(),
        };
        [&[first][..], &length, payload].concat()
    }

    fn said(bytes: &[u8]) -> Option<Message> {
        let mut buffer = Buffer {
            bytes: bytes.to_vec(),
            offset: 0,
        };
        read(Side::Client, &mut buffer)
    }

    #[test]
    fn each_part_of_a_masked_frame_has_its_own_bytes() {
        let masked = [
            0x81,
            0x85,
            1,
            2,
            3,
            4,
            b'h' ^ 1,
            b'e' ^ 2,
            b'l' ^ 3,
            b'l' ^ 4,
            b'o' ^ 1,
        ];
        for length in 0..masked.len() {
            assert_eq!(said(&masked[..length]), None, "{length}");
        }
        let mut buffer = Buffer {
            bytes: [b"abc", &masked[..], b"more"].concat(),
            offset: 3,
        };
        let message = read(Side::Client, &mut buffer).unwrap();
        assert_eq!(buffer.bytes, b"more");
        assert_eq!(message.text.as_deref(), Some("hello"));
        let layer = &message.layers[0];
        assert_eq!((layer.start, layer.end), (3, 14));
        assert_eq!(
            layer.table(),
            [
                ("kind", "text, the last piece", 3, 4),
                ("length", "5", 4, 5),
                ("mask", "01020304", 5, 9),
                ("payload, without the mask", "hello", 9, 14),
            ]
        );
    }

    #[test]
    fn a_length_has_one_byte_or_three_or_nine() {
        for (length, payload_at) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let bytes = frame(0x82, &vec![0xff; length]);
            assert_eq!(bytes.len(), payload_at + length);
            for cut in [1, 2, payload_at - 1, bytes.len() - 1] {
                assert_eq!(said(&bytes[..cut]), None, "{length} cut at {cut}");
            }
            let message = said(&bytes).unwrap();
            let (number, shown) = (length.to_string(), "ff".repeat(32));
            assert_eq!(
                message.layers[0].table(),
                [
                    ("kind", "binary, the last piece", 0, 1),
                    ("length", &*number, 1, payload_at),
                    ("payload", &*shown, payload_at, bytes.len()),
                ]
            );
        }
        let too_long = frame(0x82, &vec![0xff; MOST_BUFFERED + 1]);
        assert_eq!(said(&too_long[..20]).unwrap().protocol, "number");
    }

    #[test]
    fn a_close_says_its_code_and_why() {
        let close = said(&frame(0x88, b"\x03\xe8bye")).unwrap();
        assert_eq!(close.summary, "close bye");
        assert_eq!(
            close.layers[0].table()[2..],
            [("close code", "1000", 2, 4), ("payload", "bye", 2, 7)]
        );
        let masked = said(b"\x88\x82\0\0\0\0\x03\xe9").unwrap();
        assert_eq!(
            masked.layers[0].table()[3..],
            [
                ("close code", "1001", 6, 8),
                ("payload, without the mask", "03e9", 6, 8)
            ]
        );
        assert_eq!(said(&frame(0x88, b"")).unwrap().layers[0].fields.len(), 3);
        let text = said(&frame(0x81, b"\x03\xe8bye")).unwrap();
        assert_eq!(text.layers[0].fields.len(), 3);
    }

    #[test]
    fn the_kind_of_a_frame_is_named_and_whether_more_follows() {
        for (first, kind) in [
            (0x00, "continuation, more follows"),
            (0x01, "text, more follows"),
            (0x82, "binary, the last piece"),
            (0x88, "close, the last piece"),
            (0x89, "ping, the last piece"),
            (0x8a, "pong, the last piece"),
            (0x83, "reserved, the last piece"),
        ] {
            let message = said(&frame(first, b"")).unwrap();
            assert_eq!(message.layers[0].fields[0].value, kind);
        }
    }

    #[test]
    fn a_trace_among_the_members_of_a_text_is_found() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let text = format!(r#"{{"a": 1, "traceparent": "{trace}"}}"#);
        let message = said(&frame(0x81, text.as_bytes())).unwrap();
        assert_eq!(message.trace.unwrap().span, "00f067aa0ba902b7");
        let text = format!(r#"{{"other": "{trace}"}}"#);
        assert_eq!(said(&frame(0x81, text.as_bytes())).unwrap().trace, None);
    }
}

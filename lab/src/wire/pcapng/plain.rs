//! What a reader understands without the beginning of a connection.

use std::collections::HashSet;
use std::sync::Arc;

use link::ConnectionId;
use wire::{Message, Side};

use super::Recorded;

/// How a WebSocket begins.
pub(super) const UPGRADE: [(Side, &[u8]); 2] = [
    (
        Side::Client,
        b"GET / HTTP/1.1\r\nHost: malha\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ),
    (
        Side::Server,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n",
    ),
];

const HEADERS: u8 = 0x1;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

/// The length of a frame's head.
const HEAD: usize = 9;

/// The connections of HTTP/2 whose headers refer to what is not there: the connection's beginning is
/// not in the capture, or a block of headers is hidden.
pub(super) fn referring(messages: &[Arc<Recorded>]) -> HashSet<ConnectionId> {
    let (mut seen, mut referring) = (HashSet::new(), HashSet::new());
    for recorded in messages {
        let message = &recorded.message;
        let is_http2 = message.layers.first();
        if !is_http2.is_some_and(|layer| layer.name.starts_with("HTTP/2")) {
            continue;
        }
        let is_first = seen.insert(recorded.connection);
        let is_beginning = message.bytes.starts_with(b"PRI * HTTP/2.0");
        let is_hidden = hpack(message)
            .and_then(|layer| message.bytes.get(layer.start..layer.end))
            .is_some_and(|block| !block.is_empty() && block.iter().all(|byte| *byte == b'*'));
        if (is_first && !is_beginning) || is_hidden {
            referring.insert(recorded.connection);
        }
    }
    referring
}

/// A frame of headers with each of them written out (RFC 7541, 6.2.2), so that it refers to none
/// before it.
pub(super) fn headers(message: &Message) -> Option<Vec<u8>> {
    let head = message.bytes.get(..HEAD)?;
    let (kind, flags) = (*head.get(3)?, *head.get(4)?);
    let is_frame = message.layers.first()?.name == "HTTP/2 frame";
    if !is_frame || !matches!(kind, HEADERS | CONTINUATION) {
        return None;
    }
    let mut block = Vec::new();
    match hpack(message) {
        Some(layer) => {
            for field in &layer.fields {
                block.push(0);
                string(&mut block, field.name.as_bytes());
                string(&mut block, field.value.as_bytes());
            }
        }
        // Its headers stand in the last frame of the block; what cannot be read is left alone.
        None if flags & END_HEADERS == 0 => {}
        None => return None,
    }
    let length = u32::try_from(block.len()).ok()?.to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags & !(PADDED | PRIORITY)]);
    frame.extend_from_slice(head.get(5..)?);
    frame.extend(block);
    Some(frame)
}

fn hpack(message: &Message) -> Option<&wire::Layer> {
    message.layers.iter().find(|layer| layer.name == "HPACK")
}

/// A string without Huffman's code (RFC 7541, 5.2).
fn string(block: &mut Vec<u8>, bytes: &[u8]) {
    const MOST: usize = 0x7f;
    if bytes.len() < MOST {
        block.extend(u8::try_from(bytes.len()));
    } else {
        block.push(0x7f);
        let mut left = bytes.len() - MOST;
        while left >= 0x80 {
            block.extend(u8::try_from(left % 0x80).map(|low| low | 0x80));
            left /= 0x80;
        }
        block.extend(u8::try_from(left));
    }
    block.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use wire::{Conversation, Descriptors};

    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream][..], payload].concat()
    }

    /// What a client sends: the preface, headers that are remembered, and headers that refer to them.
    fn recorded() -> Vec<Arc<Recorded>> {
        // :method POST; :path /a, remembered; x: y, remembered.
        let first = b"\x83\x44\x02/a\x40\x01x\x01y";
        // The same three by their indices.
        let second = [0x83, 0xbf, 0xbe];
        let bytes = [
            PREFACE.to_vec(),
            frame(HEADERS, END_HEADERS, 1, first),
            frame(HEADERS, END_HEADERS, 3, &second),
        ]
        .concat();
        let mut conversation = Conversation::new(&Descriptors::default());
        let messages = conversation.push(Side::Client, &bytes);
        let of = |message| {
            Arc::new(Recorded {
                foreign: None,
                id: 0,
                link: "a-to-b".into(),
                connection: 7,
                client: ([127, 0, 0, 1], 9).into(),
                upstream_port: None,
                at: 0,
                message,
            })
        };
        messages.into_iter().map(of).collect()
    }

    /// The headers that a reader finds who sees this frame first.
    fn read(frame: &[u8]) -> Vec<(String, String)> {
        let mut conversation = Conversation::new(&Descriptors::default());
        let bytes = [PREFACE, frame].concat();
        let messages = conversation.push(Side::Client, &bytes);
        let layer = hpack(messages.last().unwrap()).unwrap();
        let fields = layer.fields.iter();
        fields
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect()
    }

    #[test]
    fn headers_whose_beginning_is_missing_refer_to_nothing_before() {
        let messages = recorded();
        assert!(referring(&messages).is_empty());
        let part = &messages[2..];
        assert!(referring(part).contains(&part[0].connection));
        let frame = headers(&part[0].message).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read(&frame),
            [pair(":method", "POST"), pair(":path", "/a"), pair("x", "y")]
        );
    }

    #[test]
    fn long_headers_are_written_out_whole() {
        let mut messages = recorded();
        let message = &mut Arc::get_mut(&mut messages[2]).unwrap().message;
        for length in [126, 127, 128, 254, 255, 500] {
            let layer = message.layers.last_mut().unwrap();
            layer.fields[2].value = "v".repeat(length);
            let frame = headers(message).unwrap();
            assert_eq!(read(&frame)[2].1.len(), length);
        }
    }

    #[test]
    fn what_is_hidden_is_written_out_as_such() {
        let mut messages = recorded();
        let message = &mut Arc::get_mut(&mut messages[1]).unwrap().message;
        message.bytes[HEAD..].fill(b'*');
        assert_eq!(referring(&messages).len(), 1);
    }

    #[test]
    fn other_frames_stay_as_they_passed() {
        assert_eq!(headers(&recorded()[0].message), None);
        let mut conversation = Conversation::new(&Descriptors::default());
        let settings = [PREFACE, &frame(4, 0, 0, &[])].concat();
        let messages = conversation.push(Side::Client, &settings);
        assert_eq!(headers(messages.last().unwrap()), None);
    }

    #[test]
    fn what_is_written_out_is_neither_padded_nor_has_it_a_priority() {
        let mut messages = recorded();
        let message = &mut Arc::get_mut(&mut messages[1]).unwrap().message;
        message.bytes[4] = END_HEADERS | PADDED | PRIORITY;
        assert_eq!(headers(message).unwrap()[4], END_HEADERS);
    }

    #[test]
    fn headers_stand_in_the_last_frame_of_their_block() {
        let mut messages = recorded();
        let message = &mut Arc::get_mut(&mut messages[1]).unwrap().message;
        message.layers.retain(|layer| layer.name != "HPACK");
        assert_eq!(headers(message), None, "they cannot be read");
        message.bytes[4] = 0;
        assert_eq!(headers(message).unwrap(), frame(HEADERS, 0, 1, &[]));
    }
}

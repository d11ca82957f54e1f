//! Captures as a reader sees them that knows pcapng, IPv4 and TCP.

use wire::{Message, TraceContext};

use super::*;

fn recorded(side: Side, protocol: &'static str, bytes: &[u8]) -> Recorded {
    Recorded {
        id: 0,
        link: "a-to-b".into(),
        connection: 7,
        client: ([127, 0, 0, 1], 4000).into(),
        upstream_port: None,
        at: (3 << 32) + 5,
        foreign: None,
        message: Message {
            side,
            protocol,
            summary: "GET /".to_owned(),
            bytes: bytes.to_vec(),
            layers: Vec::new(),
            text: None,
            trace: None,
            call: None,
        },
    }
}

fn captured(messages: Vec<Recorded>) -> Vec<u8> {
    let messages: Vec<_> = messages.into_iter().map(Arc::new).collect();
    capture(&messages, |_| 8180)
}

fn u32_le(bytes: &[u8]) -> usize {
    u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize
}

/// Kinds and bodies of the blocks.
fn blocks(mut capture: &[u8]) -> Vec<(usize, &[u8])> {
    let mut blocks = Vec::new();
    while !capture.is_empty() {
        let (kind, length) = (u32_le(capture), u32_le(&capture[4..]));
        assert_eq!((length % 4, u32_le(&capture[length - 4..])), (0, length));
        blocks.push((kind, &capture[8..length - 4]));
        capture = &capture[length..];
    }
    blocks
}

/// A packet of the capture.
#[derive(Debug, PartialEq)]
struct Packet<'a> {
    ports: (u16, u16),
    sequence: u32,
    acknowledged: u32,
    flags: u8,
    payload: &'a [u8],
    comment: Option<&'a str>,
}

fn packets(capture: &[u8]) -> Vec<Packet<'_>> {
    let bodies = blocks(capture).into_iter().filter(|(kind, _)| *kind == 6);
    bodies.map(|(_, body)| packet(body)).collect()
}

fn packet(body: &[u8]) -> Packet<'_> {
    assert_eq!([0, 4, 8].map(|at| u32_le(&body[at..])), [0, 3, 5]);
    let length = u32_le(&body[12..]);
    assert_eq!(u32_le(&body[16..]), length);
    let (ip, options) = body[20..].split_at(length);
    let options = &options[options.len() % 4..];
    let comment = (!options.is_empty()).then(|| {
        let length = usize::from(options[2]) + (usize::from(options[3]) << 8);
        assert_eq!(options[..2], [1, 0]);
        assert_eq!(options[4 + length.next_multiple_of(4)..], [0; 4]);
        str::from_utf8(&options[4..4 + length]).unwrap()
    });
    let word = |at: usize| u16::from_be_bytes([ip[at], ip[at + 1]]);
    let long = |at| u32::from(word(at)) << 16 | u32::from(word(at + 2));
    assert_eq!((ip[0], usize::from(word(2)), ip[9]), (0x45, length, 6));
    // A header with its own sum in it adds up to ones, once what is carried is added again.
    let sum: u32 = (0..10).map(|at| u32::from(word(2 * at))).sum();
    assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    assert_eq!(ip[32], 0x50);
    Packet {
        ports: (word(20), word(22)),
        sequence: long(24),
        acknowledged: long(28),
        flags: ip[33],
        payload: &ip[40..],
        comment,
    }
}

const TO: (u16, u16) = (4000, 8180);
const FRO: (u16, u16) = (8180, 4000);

#[test]
fn a_capture_begins_as_the_format_wants_it() {
    let capture = captured(Vec::new());
    let [(0x0A0D_0D0A, section), (1, interface)] = blocks(&capture)[..] else {
        panic!("{capture:x?}")
    };
    assert_eq!(u32_le(section), 0x1A2B_3C4D);
    assert_eq!(
        section[4..],
        [1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
    );
    assert_eq!(interface, [101, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_connection_begins_with_a_handshake_and_counts_what_each_side_says() {
    let request = [
        recorded(Side::Client, "http/1.1", b"GET"),
        recorded(Side::Server, "http/1.1", b"OK"),
        recorded(Side::Client, "http/1.1", b"bye"),
    ];
    let capture = captured(request.into());
    let of = |ports, sequence, acknowledged, flags, payload| Packet {
        ports,
        sequence,
        acknowledged,
        flags,
        payload,
        comment: None,
    };
    let expected = [
        of(TO, 1000, 0, 0x02, &b""[..]),
        of(FRO, 5000, 1001, 0x12, b""),
        of(TO, 1001, 5001, 0x10, b""),
        of(TO, 1001, 5001, 0x18, b"GET"),
        of(FRO, 5001, 1004, 0x18, b"OK"),
        of(TO, 1004, 5003, 0x18, b"bye"),
    ];
    assert_eq!(packets(&capture), expected);
}

#[test]
fn a_long_message_is_several_segments_and_the_first_has_its_trace() {
    let mut long = recorded(Side::Client, "http/1.1", &vec![b'x'; SEGMENT + 1]);
    long.message.trace = Some(TraceContext {
        id: "abc".to_owned(),
        span: "def".to_owned(),
        by: wire::By::Traceparent,
    });
    let capture = captured(vec![long]);
    let pieces = &packets(&capture)[3..];
    let lengths: Vec<_> = pieces.iter().map(|piece| piece.payload.len()).collect();
    assert_eq!(lengths, [SEGMENT, 1]);
    assert_eq!(
        pieces[0].comment,
        Some("trace abc span def on a-to-b: GET /")
    );
    assert_eq!(pieces[1].comment, None);
}

#[test]
fn a_websocket_s_frames_come_after_an_upgrade() {
    let capture = captured(vec![recorded(Side::Client, "websocket", b"frame")]);
    let said: Vec<_> = packets(&capture)[3..]
        .iter()
        .map(|packet| {
            assert_eq!(packet.flags, 0x18);
            (packet.ports, packet.payload)
        })
        .collect();
    let [(_, asked), (_, answered)] = plain::UPGRADE;
    assert_eq!(said, [(TO, asked), (FRO, answered), (TO, &b"frame"[..])]);
}

#[test]
fn a_header_that_adds_up_to_ones_alone_has_a_sum_of_zero() {
    assert_eq!(checksum(&[0xff, 0xff]), 0);
    assert_eq!(checksum(&[0xff, 0xff, 0xff, 0xff]), 0);
}

//! Frames, written and read, without a socket.

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use super::*;

mod cases;

const LARGEST: usize = 16 * 1024;

/// A masked frame, built by hand.
fn sent(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
    [0x80 | opcode, 0x80 | length]
        .into_iter()
        .chain(mask)
        .chain(masked)
        .collect()
}

fn part(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = sent(opcode, payload);
    frame[0] &= 0x7f;
    frame
}

/// Everything that is read when the bytes come in pieces of this size, and the error at the end.
fn heard(bytes: &[u8], pieces: usize) -> (Vec<Incoming>, Option<Wrong>) {
    let mut reader = FrameReader::new(LARGEST);
    let mut all = Vec::new();
    for piece in bytes.chunks(pieces) {
        reader.push_bytes(piece);
        loop {
            match reader.next_message() {
                Ok(Some(heard)) => all.push(heard),
                Ok(None) => break,
                Err(wrong) => return (all, Some(wrong)),
            }
        }
    }
    (all, None)
}

fn text(text: &str) -> Incoming {
    Incoming::Text(text.to_owned())
}

#[test]
fn a_message_in_fragments_is_one_and_pings_may_come_between() {
    let split = "ç".as_bytes();
    let bytes = [
        part(1, &split[..1]),
        sent(9, b"p"),
        part(0, b""),
        sent(0, &split[1..]),
        sent(10, b""),
    ]
    .concat();
    let all = vec![Incoming::Ping(b"p".to_vec()), text("ç"), Incoming::Pong];
    assert_eq!(heard(&bytes, bytes.len()), (all, None));
}

#[test]
fn what_the_rfc_forbids_is_refused_and_what_came_before_is_heard() {
    let mut unmasked = sent(1, b"a");
    unmasked[1] &= 0x7f;
    let mut reserved = sent(1, b"a");
    reserved[0] |= 0x40;
    for (wrong, expected) in [
        (unmasked, Wrong::Protocol),
        (reserved, Wrong::Protocol),
        (sent(3, b""), Wrong::Protocol),
        (sent(0, b"nothing to go on with"), Wrong::Protocol),
        (part(9, b"half a ping"), Wrong::Protocol),
        ([part(1, b"a"), sent(1, b"b")].concat(), Wrong::Protocol),
        (vec![0x89, 0xfe], Wrong::Protocol), // a ping of 126 bytes or more
        (sent(8, b"\x03"), Wrong::Protocol),
        (sent(8, &1005_u16.to_be_bytes()), Wrong::Protocol),
        (sent(8, b"\x03\xe8\xff"), Wrong::NotUtf8),
        (sent(1, b"\xff"), Wrong::NotUtf8),
        (sent(2, b"a"), Wrong::Binary),
    ] {
        let bytes = [sent(1, b"before"), wrong].concat();
        assert_eq!(
            heard(&bytes, bytes.len()),
            (vec![text("before")], Some(expected)),
            "{bytes:x?}"
        );
    }
}

#[test]
fn a_length_beyond_the_limit_is_refused_before_the_payload_comes() {
    for length in [LARGEST as u64 + 1, 1 << 62, u64::MAX] {
        let head = [&[0x81, 0xff][..], &length.to_be_bytes()].concat();
        assert_eq!(heard(&head, 1), (vec![], Some(Wrong::TooBig(LARGEST))));
    }
    let second = u16::try_from(LARGEST).unwrap().to_be_bytes();
    let bytes = [&part(1, b"x")[..], &[0x80, 0xfe], &second].concat();
    assert_eq!(heard(&bytes, 3), (vec![], Some(Wrong::TooBig(LARGEST))));
}

#[test]
fn every_code_that_iana_knows_is_sendable_close_code_and_no_other_below_3000() {
    let said: Vec<u16> = (0..3000)
        .filter(|code| is_sendable_close_code(*code))
        .collect();
    let known = (1000..=1003).chain(1007..=1014).collect::<Vec<_>>();
    assert_eq!(said, known);
    assert_eq!(
        heard(&sent(8, &1014_u16.to_be_bytes()), 9),
        (vec![Incoming::Close(Some(1014))], None)
    );
}

#[test]
fn nothing_is_held_between_messages() {
    let mut reader = FrameReader::new(LARGEST);
    reader.push_bytes(&sent(1, b"a"));
    reader.next_message().unwrap();
    assert_eq!((reader.held(), reader.next_message()), (0, Ok(None)));
    reader.push_bytes(&sent(1, &[b'a'; 100])[..60]);
    assert_eq!(reader.next_message(), Ok(None));
    assert!(reader.held() >= 60, "{}", reader.held());
    reader = FrameReader::new(LARGEST);
    reader.push_bytes(&part(1, &[b'a'; 100]));
    reader.push_bytes(&sent(0, &[b'b'; 50])[..40]);
    assert_eq!(reader.next_message(), Ok(None));
    assert!(reader.held() >= 140, "{}", reader.held());
}

proptest! {
    #[test]
    fn another_implementations_messages_are_read_in_whatever_pieces(
        texts in prop::collection::vec(".{0,200}", 1..5),
        long in 0_usize..LARGEST,
        pieces in 1_usize..40,
    ) {
        let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Client, None);
        let texts: Vec<String> = texts.into_iter().chain(["x".repeat(long)]).collect();
        for text in &texts {
            client.write(Message::Text(text.into())).unwrap();
        }
        client.flush().unwrap();
        let bytes = client.get_ref().get_ref().clone();
        let all = texts.into_iter().map(Incoming::Text).collect();
        prop_assert_eq!(heard(&bytes, pieces), (all, None));
    }

    #[test]
    fn whatever_comes_in_whatever_pieces_is_heard_alike(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        pieces in 1_usize..9,
    ) {
        let (one, wrong) = heard(&bytes, bytes.len().max(1));
        prop_assert_eq!(heard(&bytes, pieces), (one, wrong));
    }
}

#[test]
fn the_length_is_written_in_as_few_bytes_as_hold_it() {
    for (length, head) in [
        (0, vec![0x81, 0]),
        (125, vec![0x81, 125]),
        (126, vec![0x81, 126, 0, 126]),
        (65_535, vec![0x81, 126, 0xff, 0xff]),
        (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let frame = super::text(&"x".repeat(length));
        assert_eq!(frame[..head.len()], head, "{length}");
        assert_eq!(frame.len(), head.len() + length);
    }
}

#[test]
fn a_reason_is_cut_between_characters() {
    let frame = close(1008, &"ç".repeat(200));
    assert_eq!(frame[..4], [0x88, 124, 0x03, 0xf0]);
    assert_eq!(str::from_utf8(&frame[4..]).unwrap(), "ç".repeat(61));
}

#[test]
fn the_key_of_the_rfc_is_answered_as_the_rfc_says() {
    let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    for wrong in [&b""[..], b"short", b"dGhlIHNhbXBsZSBub25jZQ", b"AAAA"] {
        assert_eq!(accept_key(wrong), None, "{wrong:?}");
    }
}

#[test]
fn several_texts_are_frames_one_behind_the_other() {
    let both = texts(["a".to_owned(), "bc".to_owned()]);
    assert_eq!(both[..], b"\x81\x01a\x81\x02bc"[..]);
}

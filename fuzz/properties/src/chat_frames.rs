//! A client's WebSocket frames: however the network cuts them, the same is heard, and nothing that
//! the server would not say itself.

use chat::wire::websocket::{FrameReader, Incoming, MAX_CONTROL, Wrong, is_sendable_close_code};

/// Bytes of a message: so few that many inputs are too large.
const LARGEST: usize = 64;

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    let whole = heard([sent]);
    whole.0.iter().for_each(is_within_bounds);
    assert_eq!(heard(sent.chunks(1)), whole, "byte by byte");
    for cut in 1..sent.len() {
        let (first, second) = sent.split_at(cut);
        assert_eq!(heard([first, second]), whole, "cut at {cut}");
    }
}

fn is_within_bounds(heard: &Incoming) {
    match heard {
        Incoming::Text(text) => assert!(text.len() <= LARGEST),
        Incoming::Ping(payload) => assert!(payload.len() <= MAX_CONTROL),
        Incoming::Close(code) => assert!(code.is_none_or(is_sendable_close_code)),
        Incoming::Pong => {}
    }
}

/// All that is heard, and what was wrong at last.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Incoming>, Option<Wrong>) {
    let mut reader = FrameReader::new(LARGEST);
    let mut all = Vec::new();
    for piece in pieces {
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

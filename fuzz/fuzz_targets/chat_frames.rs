//! A client's WebSocket frames: however the network cuts them, the same is heard, and nothing that
//! the server would not say itself.
#![no_main]

use chat::wire::websocket::{Heard, MAX_CONTROL, Reader, Wrong, may_be_said};
use libfuzzer_sys::fuzz_target;

/// Bytes of a message: so few that many inputs are too large.
const LARGEST: usize = 64;

fuzz_target!(|sent: &[u8]| {
    let whole = heard([sent]);
    whole.0.iter().for_each(is_within_bounds);
    assert_eq!(heard(sent.chunks(1)), whole, "byte by byte");
    for cut in 1..sent.len() {
        let (first, second) = sent.split_at(cut);
        assert_eq!(heard([first, second]), whole, "cut at {cut}");
    }
});

fn is_within_bounds(heard: &Heard) {
    match heard {
        Heard::Text(text) => assert!(text.len() <= LARGEST),
        Heard::Ping(payload) => assert!(payload.len() <= MAX_CONTROL),
        Heard::Close(code) => assert!(code.is_none_or(may_be_said)),
        Heard::Pong => {}
    }
}

/// All that is heard, and what was wrong at last.
fn heard<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Heard>, Option<Wrong>) {
    let mut reader = Reader::new(LARGEST);
    let mut all = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.hear() {
                Ok(Some(heard)) => all.push(heard),
                Ok(None) => break,
                Err(wrong) => return (all, Some(wrong)),
            }
        }
    }
    (all, None)
}

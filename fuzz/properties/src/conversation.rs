//! What passes a link, as the lab shows it: every byte comes out once, in its order, as it was or as
//! an asterisk; each field stands within its message. Whoever skips some of it reads the rest alike.
//!
//! An input is a list of pieces: a byte with the side and the length, then the piece.

use wire::{Conversation, Descriptors, Message, Side};

/// Panics where it does not hold of these pieces.
pub fn check(sent: &[u8]) {
    let mut conversation = Conversation::new(&Descriptors::default());
    let mut skipping = Conversation::new(&Descriptors::default());
    let mut skips = false;
    let mut said = [Vec::new(), Vec::new()];
    let mut shown = [Vec::new(), Vec::new()];
    let mut rest = sent;
    while let [head, after @ ..] = rest {
        let (side, length) = (usize::from(head >> 7), usize::from(head & 0x7f));
        let (piece, after) = after.split_at(length.min(after.len()));
        rest = after;
        said[side].extend_from_slice(piece);
        let messages = conversation.push(SIDES[side], piece);
        if skips {
            assert_eq!(skipping.skip(SIDES[side], piece), messages.len());
        } else {
            assert_eq!(skipping.push(SIDES[side], piece), messages);
        }
        skips = head & 1 == 0;
        take(messages, side, &mut shown);
    }
    for side in [0, 1] {
        take(conversation.finish(SIDES[side]), side, &mut shown);
        assert_eq!(shown[side].len(), said[side].len(), "every byte once");
        let is_as_said = |(shown, said): (&u8, &u8)| shown == said || *shown == b'*';
        assert!(shown[side].iter().zip(&said[side]).all(is_as_said));
    }
}

const SIDES: [Side; 2] = [Side::Client, Side::Server];

fn take(messages: Vec<Message>, pushed: usize, shown: &mut [Vec<u8>; 2]) {
    for message in messages {
        let side = usize::from(message.side == Side::Server);
        assert!(
            side == pushed || side == 0,
            "what a server says decides what its client spoke"
        );
        stands_within(&message);
        shown[side].extend(message.bytes);
    }
}

fn stands_within(message: &Message) {
    let end = message.bytes.len();
    for layer in &message.layers {
        assert!(layer.start <= layer.end && layer.end <= end, "{message:?}");
        for field in &layer.fields {
            assert!(field.start <= field.end && field.end <= end, "{message:?}");
        }
    }
    assert!(!message.summary.contains(char::is_control), "{message:?}");
}

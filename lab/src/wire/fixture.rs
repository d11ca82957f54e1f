//! Messages for tests.

use wire::{Conversation, Descriptors, Message, Side};

/// The first message of a call of a service.
pub(super) fn call(service: &str) -> Message {
    call_at(&format!("/{service}/Faz"))
}

/// The same by the method's path.
pub(super) fn call_at(path: &str) -> Message {
    let frame = |kind, flags, payload: &[u8]| {
        let length = u8::try_from(payload.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], payload].concat()
    };
    let length = u8::try_from(path.len()).unwrap();
    let kind = b"application/grpc";
    let post_to = [&[0x83, 0x04, length][..], path.as_bytes()].concat();
    let headers = [&post_to, &[0x0f, 0x10, 16][..], kind].concat();
    let bytes = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(1, 4, &headers),
        frame(0, 1, &[0, 0, 0, 0, 2, 0x08, 1]),
    ]
    .concat();
    let mut conversation = Conversation::new(&Descriptors::default());
    let messages = conversation.push(Side::Client, &bytes);
    let mut calls = messages.into_iter().filter(|one| one.call.is_some());
    calls.next().unwrap()
}

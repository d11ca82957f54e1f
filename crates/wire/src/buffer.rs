//! What waits of one side.

use crate::message::{Message, Side};
use crate::raw;

/// Bytes of one side that are not a message yet.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    /// How many of them are headers before the message.
    pub(crate) offset: usize,
}

/// What is not understood by so many bytes comes out as bytes.
pub(crate) const MOST_BUFFERED: usize = 64 * 1024;

impl Buffer {
    /// Takes the bytes up to here out, with the headers before them.
    pub(crate) fn take(&mut self, end: usize) -> (Vec<u8>, usize) {
        let end = end.min(self.bytes.len());
        let rest = self.bytes.split_off(end);
        let offset = std::mem::take(&mut self.offset);
        (std::mem::replace(&mut self.bytes, rest), offset)
    }

    /// What has not been understood yet.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }
}

/// Everything that waits, as it is.
pub(crate) fn raw_message(side: Side, buffer: &mut Buffer) -> Option<Message> {
    if buffer.bytes.is_empty() {
        return None;
    }
    let (bytes, offset) = buffer.take(usize::MAX);
    let raw = raw::read(&bytes, offset);
    Some(Message {
        side,
        protocol: raw.protocol,
        summary: raw.summary,
        text: raw.text,
        layers: vec![raw.layer],
        trace: None,
        call: None,
        bytes,
    })
}

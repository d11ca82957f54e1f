//! gRPC messages, put together from the frames of one side of a stream.

use crate::packed::Packing;

/// A gRPC message beyond this is not put together.
const LARGEST_MESSAGE: usize = 256 * 1024;

/// Before a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// A gRPC message, and where it stands among the bytes of its frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) packing: Packing,
    /// Where its content begins, where all of it is here, as it is.
    pub(crate) content_at: Option<usize>,
    pub(crate) content: Vec<u8>,
}

/// What has come of a message that is not whole yet.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    bytes: Vec<u8>,
    /// Bytes that are still to come of a message that is not put together.
    skipped: usize,
}

impl Pieces {
    /// The memory that they take.
    pub(crate) fn held(&self) -> usize {
        self.bytes.capacity()
    }

    /// Adds the content of a frame, which begins at `start`; what is whole with it comes out. What is
    /// not is kept where it takes no more than `room`, and else passed over.
    pub(crate) fn add(&mut self, content: &[u8], start: usize, room: usize) -> Vec<Piece> {
        let passed_over = self.skipped.min(content.len());
        self.skipped -= passed_over;
        let (start, end) = (start + passed_over, start + content.len());
        let begins_here = self.bytes.is_empty();
        self.bytes.extend_from_slice(&content[passed_over..]);
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some((is_compressed, length)) = head(&self.bytes[at..]) {
            let Some(content) = self
                .bytes
                .get(at + HEAD..(at + HEAD).saturating_add(length))
            else {
                break;
            };
            let to = start + at + HEAD + length;
            let is_here = begins_here && to <= end && !is_compressed;
            // Where it began in an earlier frame, only its end stands here.
            let (from, to) = if begins_here {
                (start + at, to.min(end))
            } else {
                (start, end)
            };
            found.push(Piece {
                from,
                to,
                packing: if is_compressed {
                    Packing::Packed
                } else {
                    Packing::Plain
                },
                content_at: is_here.then_some(from + HEAD),
                content: content.to_vec(),
            });
            at += HEAD + length;
        }
        self.bytes.drain(..at);
        self.keep_within(room);
        found
    }

    fn keep_within(&mut self, room: usize) {
        let length = head(&self.bytes).map(|(_, length)| length);
        let is_too_large = length.is_some_and(|length| length > LARGEST_MESSAGE);
        if is_too_large || self.held() > room {
            // Without its head nobody knows where it ends.
            let rest = length.map(|length| (HEAD + length).saturating_sub(self.bytes.len()));
            self.skipped = if self.bytes.is_empty() {
                0
            } else {
                rest.unwrap_or(usize::MAX)
            };
            self.bytes = Vec::new();
        } else if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}

fn head(bytes: &[u8]) -> Option<(bool, usize)> {
    let &[compressed, a, b, c, d] = bytes.first_chunk()?;
    Some((compressed != 0, u32::from_be_bytes([a, b, c, d]) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[0], &length[..], content].concat()
    }

    fn contents(found: Vec<Piece>) -> Vec<Vec<u8>> {
        found.into_iter().map(|piece| piece.content).collect()
    }

    #[test]
    fn a_message_for_which_there_is_no_room_is_passed_over_and_the_next_is_read() {
        for (size, room) in [(LARGEST_MESSAGE + 1, usize::MAX), (5000, 2000)] {
            let bytes = [message(&vec![b'x'; size]), message(b"next")].concat();
            let mut pieces = Pieces::default();
            let mut found = Vec::new();
            for frame in bytes.chunks(3000) {
                found.extend(contents(pieces.add(frame, 9, room)));
                assert!(pieces.held() <= room.min(2 * LARGEST_MESSAGE));
            }
            let sizes: Vec<_> = found.iter().map(Vec::len).collect();
            assert_eq!(sizes, [4], "{size}");
        }
    }

    #[test]
    fn what_takes_all_the_room_there_is_is_kept_and_what_takes_more_is_not() {
        let bytes = message(&[b'x'; 200]);
        let (first, rest) = bytes.split_at(100);
        let mut pieces = Pieces::default();
        assert_eq!(pieces.add(first, 9, usize::MAX), []);
        let most = pieces.held();
        for (room, read) in [(most, 1), (most - 1, 0)] {
            let mut pieces = Pieces::default();
            assert_eq!(pieces.add(first, 9, room), []);
            assert_eq!(pieces.add(rest, 9, usize::MAX).len(), read, "{room}");
        }
    }

    #[test]
    fn a_message_in_pieces_of_any_size_is_read_and_nothing_is_held_after_it() {
        let bytes = [message(b"one"), message(b""), message(b"two")].concat();
        for size in 1..=bytes.len() {
            let mut pieces = Pieces::default();
            let frames = bytes.chunks(size);
            let found: Vec<_> = frames
                .flat_map(|frame| contents(pieces.add(frame, 9, 1000)))
                .collect();
            assert_eq!(found, [&b"one"[..], b"", b"two"], "{size}");
            assert_eq!(pieces.held(), 0);
        }
    }

    #[test]
    fn a_message_of_the_largest_size_is_read() {
        let bytes = [message(&vec![b'x'; LARGEST_MESSAGE]), message(b"next")].concat();
        let mut pieces = Pieces::default();
        let frames = bytes.chunks(16 * 1024);
        let found: Vec<_> = frames
            .flat_map(|frame| pieces.add(frame, 9, usize::MAX))
            .collect();
        let sizes: Vec<_> = found.iter().map(|piece| piece.content.len()).collect();
        assert_eq!(sizes, [LARGEST_MESSAGE, 4]);
    }

    #[test]
    fn only_a_message_that_begins_in_a_frame_has_its_place_there() {
        let places = |found: Vec<Piece>| -> Vec<_> {
            let place = |piece: Piece| (piece.from, piece.to, piece.content_at);
            found.into_iter().map(place).collect()
        };
        let mut bytes = [message(b"one"), message(b"two")].concat();
        let whole = Pieces::default().add(&bytes, 9, 1000);
        assert_eq!(places(whole), [(9, 17, Some(14)), (17, 25, Some(22))]);

        let (first, rest) = bytes.split_at(1);
        let mut pieces = Pieces::default();
        assert_eq!(pieces.add(first, 9, 1000), []);
        let rest = pieces.add(rest, 9, 1000);
        assert_eq!(places(rest), [(9, 24, None), (9, 24, None)]);

        bytes[0] = 1;
        let packed = Pieces::default().add(&bytes, 9, 1000);
        assert_eq!(places(packed), [(9, 17, None), (17, 25, Some(22))]);
    }
}

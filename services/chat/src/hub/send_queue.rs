//! The frames that wait for one client. No socket, no waiting.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// Whole frames, of which the first may be written in part.
#[derive(Debug)]
pub(super) struct SendQueue {
    limit: usize,
    frames: VecDeque<Bytes>,
    /// How much of the first frame is written.
    written: usize,
}

/// At most so many frames are written by one call.
pub(super) const MAX_SLICES: usize = 64;

/// A queue that grew larger than this is given back when it is empty.
const KEPT_CAPACITY: usize = 8;

impl SendQueue {
    /// The room may leave `limit` frames waiting.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            frames: VecDeque::new(),
            written: 0,
        }
    }

    /// Adds a frame of the room's. False where the queue is full.
    pub(super) fn push(&mut self, frame: Bytes) -> bool {
        let has_room = self.frames.len() < self.limit;
        if has_room {
            self.frames.push_back(frame);
        }
        has_room
    }

    /// Adds a frame that the limit does not count: an answer, for which its session waits.
    pub(super) fn push_unlimited(&mut self, frame: Bytes) {
        self.frames.push_back(frame);
    }

    /// Puts frames before all that waits. Nothing may have been written yet.
    pub(super) fn push_first(&mut self, frames: Bytes) {
        self.frames.push_front(frames);
    }

    /// Drops what waits, but for a frame that has begun.
    pub(super) fn clear_unstarted(&mut self) {
        self.frames.truncate(usize::from(self.written > 0));
    }

    /// The rest of the first frame.
    pub(super) fn first(&self) -> Option<&[u8]> {
        self.frames.front().map(|first| &first[self.written..])
    }

    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// What is to be written next, in as many slices as there are.
    pub(super) fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> usize {
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(frame);
        }
        if let Some(first) = self.first() {
            slices[0] = IoSlice::new(first);
        }
        self.frames.len().min(MAX_SLICES)
    }

    /// Counts bytes as written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.frames.front() {
            if self.written < first.len() {
                return;
            }
            self.written -= first.len();
            self.frames.pop_front();
        }
        if self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn waiting(queue: &SendQueue) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let count = queue.fill(&mut slices);
        slices[..count]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect()
    }

    #[test]
    fn the_limit_counts_the_rooms_frames_and_no_answers() {
        let mut queue = SendQueue::new(1);
        assert!(queue.push(Bytes::from_static(b"a")));
        assert!(!queue.push(Bytes::from_static(b"b")));
        queue.push_unlimited(Bytes::from_static(b"c"));
        queue.push_first(Bytes::from_static(b"0"));
        assert_eq!(waiting(&queue), b"0ac");
    }

    #[test]
    fn a_frame_that_has_begun_is_not_dropped() {
        let mut queue = SendQueue::new(9);
        queue.push(Bytes::from_static(b"ab"));
        queue.push(Bytes::from_static(b"cd"));
        queue.advance(1);
        queue.clear_unstarted();
        assert_eq!(waiting(&queue), b"b");
        queue.advance(1);
        queue.push(Bytes::from_static(b"ef"));
        queue.clear_unstarted();
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn whole_frames_are_counted_also_where_the_first_is_begun() {
        let mut queue = SendQueue::new(9);
        for frame in ["ab", "cd", "ef"] {
            queue.push(Bytes::from_static(frame.as_bytes()));
        }
        queue.advance(1);
        assert_eq!(queue.len(), 3);
        queue.advance(2);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_queue_that_grew_large_is_given_back_and_a_small_one_is_kept() {
        for (frames, kept) in [(KEPT_CAPACITY, KEPT_CAPACITY), (KEPT_CAPACITY + 1, 0)] {
            let mut queue = SendQueue::new(frames);
            queue.frames.reserve_exact(frames);
            assert_eq!(queue.frames.capacity(), frames);
            (0..frames).for_each(|_| assert!(queue.push(Bytes::from_static(b"a"))));
            queue.advance(frames - 1);
            assert_eq!(queue.frames.capacity(), frames, "one still waits");
            queue.advance(1);
            assert_eq!(queue.frames.capacity(), kept);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_in_pieces_is_what_was_pushed(
            frames in prop::collection::vec("[a-z]{1,9}", 0..20),
            pieces in prop::collection::vec(1_usize..30, 1..200),
        ) {
            let mut queue = SendQueue::new(frames.len());
            let all = frames.concat().into_bytes();
            for frame in frames {
                queue.push(Bytes::from(frame));
            }
            let mut read = Vec::new();
            for piece in pieces {
                let next = waiting(&queue);
                let piece = piece.min(next.len());
                read.extend_from_slice(&next[..piece]);
                queue.advance(piece);
            }
            read.extend(waiting(&queue));
            prop_assert_eq!(read, all);
        }
    }
}

//! Follows the frames of HTTP/2, and which of them may begin a call.

/// How many frames may still begin, and how many calls by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) frames: usize,
    pub(super) calls: usize,
}

impl Left {
    pub(super) const NOTHING: Self = Self {
        frames: 0,
        calls: 0,
    };

    pub(super) fn is_something(self) -> bool {
        self.frames > 0 && self.calls > 0
    }
}

/// How far the frames of a stream have been followed (RFC 9113, 4.1).
#[derive(Debug)]
pub(super) struct Frames {
    /// So much of a frame's head has come.
    head: usize,
    /// What is to come after the head.
    payload: usize,
}

/// Of a frame's head.
const HEAD: usize = 9;

/// Of the length in it, which comes first, and before the type.
const LENGTH: usize = 3;

/// The type of a frame that may begin a call.
pub(super) const HEADERS: u8 = 1;

impl Frames {
    /// Those that come after so many bytes.
    pub(super) fn after(bytes: usize) -> Self {
        Self {
            head: HEAD,
            payload: bytes,
        }
    }

    /// Follows these bytes until no frame is left that may begin; returns how many they are.
    pub(super) fn follow(&mut self, bytes: &[u8], left: &mut Left) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if self.head < HEAD {
                self.follow_head(bytes[at], left);
                at += 1;
            } else if self.payload > 0 {
                let more = self.payload.min(bytes.len() - at);
                self.payload -= more;
                at += more;
            } else if left.is_something() {
                left.frames -= 1;
                self.head = 0;
            } else {
                break;
            }
        }
        at
    }

    fn follow_head(&mut self, byte: u8, left: &mut Left) {
        match self.head {
            0..LENGTH => self.payload = (self.payload << 8) | usize::from(byte),
            LENGTH if byte == HEADERS => left.calls = left.calls.saturating_sub(1),
            _ => {}
        }
        self.head += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: u8 = 0;

    #[test]
    fn frames_are_followed_however_they_are_cut() {
        let frame = |kind: u8, length: usize| {
            let bytes = u32::try_from(length).unwrap().to_be_bytes();
            [
                &bytes[1..],
                &[kind],
                &[HEADERS; HEAD - LENGTH - 1],
                &vec![0xff; length],
            ]
            .concat()
        };
        let lengths = [0, 1, 300, 0, 70_000, 8];
        let data = lengths.map(|length| frame(DATA, length));
        let stream = [vec![0xff; 5], data.concat(), frame(HEADERS, 2)].concat();
        for size in [1, 2, 7, 10, 1000, stream.len()] {
            let mut frames = Frames::after(5);
            let mut left = Left {
                frames: 9,
                calls: 1,
            };
            for piece in stream.chunks(size) {
                assert_eq!(frames.follow(piece, &mut left), piece.len(), "{size}");
            }
            assert_eq!((left.frames, left.calls), (2, 0), "{size}");
            assert_eq!(frames.follow(&[0; 9], &mut left), 0, "{size}");
        }
    }
}

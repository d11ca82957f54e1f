//! Compressed gRPC messages, and what is in them.

use std::fmt;
use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::grpc::Piece;

/// By what the messages of one side are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

/// How a message came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Plain,
    /// Compressed, and its content is that of so many bytes.
    Unpacked(Coding, usize),
    /// Compressed, and its content is left so.
    Packed,
}

/// What becomes larger than this stays as it came: a few bytes may be made to become gigabytes.
pub(crate) const LARGEST: usize = 256 * 1024;

impl Coding {
    /// The one that a `grpc-encoding` names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// What these bytes become, where that is not more than so many.
    fn unpack(self, packed: &[u8], most: usize) -> Option<Vec<u8>> {
        let look = most as u64 + 1;
        let mut content = Vec::new();
        let read = match self {
            Self::Gzip => GzDecoder::new(packed).take(look).read_to_end(&mut content),
            Self::Deflate => ZlibDecoder::new(packed)
                .take(look)
                .read_to_end(&mut content),
        };
        (read.is_ok() && content.len() <= most).then_some(content)
    }
}

impl Piece {
    /// Opens a compressed message; `room` is how much may be made of it, and then what is left of it.
    pub(crate) fn open(&mut self, coding: Option<Coding>, room: &mut usize) {
        if self.packing != Packing::Packed {
            return;
        }
        let opened = coding.and_then(|coding| Some((coding, coding.unpack(&self.content, *room)?)));
        if let Some((coding, content)) = opened {
            *room -= content.len();
            self.packing = Packing::Unpacked(coding, self.content.len());
            self.content = content;
        }
    }
}

impl Packing {
    /// How many bytes passed for this content.
    pub(crate) fn passed(&self, content: &[u8]) -> usize {
        match self {
            Self::Unpacked(_, passed) => *passed,
            Self::Plain | Self::Packed => content.len(),
        }
    }

    /// Whether the content is a message.
    pub(crate) fn is_open(&self) -> bool {
        *self != Self::Packed
    }

    /// It in a few words.
    pub(crate) fn shown(&self, content: &[u8]) -> String {
        match self {
            Self::Plain => "false".to_owned(),
            Self::Unpacked(coding, passed) => {
                format!("true: {coding}, {passed} -> {} bytes", content.len())
            }
            Self::Packed => "true".to_owned(),
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn piece(packed: &[u8]) -> Piece {
        Piece {
            from: 0,
            to: 5 + packed.len(),
            packing: Packing::Packed,
            content_at: None,
            content: packed.to_vec(),
        }
    }

    fn open(packed: &[u8], coding: &str) -> (Packing, Vec<u8>) {
        let mut piece = piece(packed);
        piece.open(Coding::named(coding), &mut { LARGEST });
        (piece.packing, piece.content)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_compressed_is_opened() {
        let content = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        let ways = [
            ("gzip", gzip(content)),
            ("deflate", encoder.finish().unwrap()),
        ];
        for (name, packed) in ways {
            let (packing, opened) = open(&packed, name);
            assert_eq!(opened, content);
            let shown = format!("true: {name}, {} -> 60 bytes", packed.len());
            assert_eq!(packing.shown(&opened), shown);
        }
    }

    #[test]
    fn what_becomes_too_large_or_is_not_understood_stays_as_it_came() {
        let bomb = gzip(&vec![0; LARGEST + 1]);
        assert!(bomb.len() < 1000);
        let whole = gzip(&[7; 100]);
        let cut = whole.get(..whole.len() / 2).unwrap();
        for packed in [&bomb[..], cut, b"no gzip"] {
            assert_eq!(open(packed, "gzip"), (Packing::Packed, packed.to_vec()));
        }
        assert_eq!(open(&whole, "snappy"), (Packing::Packed, whole.clone()));
        assert!(open(&gzip(&vec![0; LARGEST]), "gzip").0.is_open());
        // Many small ones have no more room than a large one.
        let mut room = 150;
        let mut each = || {
            let mut piece = piece(&whole);
            piece.open(Some(Coding::Gzip), &mut room);
            piece.packing
        };
        assert!(each().is_open());
        assert!(!each().is_open());
    }
}

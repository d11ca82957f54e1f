//! Compressed gRPC messages, and what is in them.

use std::fmt;
use std::io::Read;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// By what the messages of one side are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Zstd,
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
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// What these bytes become, where that is not more than so many.
    fn unpack(self, packed: &[u8], most: usize) -> Option<Vec<u8>> {
        let look = most as u64 + 1;
        let mut content = Vec::new();
        let read = match self {
            // Members that follow each other are one content (RFC 1952, 2.2).
            Self::Gzip => MultiGzDecoder::new(packed)
                .take(look)
                .read_to_end(&mut content),
            Self::Deflate => ZlibDecoder::new(packed)
                .take(look)
                .read_to_end(&mut content),
            Self::Zstd => return in_zstd(packed, most),
        };
        (read.is_ok() && content.len() <= most).then_some(content)
    }
}

/// What a message in zstd becomes: one frame, and nothing after it.
///
/// It is decoded block by block, so that what becomes too large is left after at most one block too
/// many. To read from the decoder would not do: it first fills the window that the frame asks for.
fn in_zstd(mut packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut decoder = FrameDecoder::new();
    decoder.reset(&mut packed).ok()?;
    let enough = BlockDecodingStrategy::UptoBytes(most + 1);
    let is_whole = decoder.decode_blocks(&mut packed, enough).ok()?;
    if !is_whole || !packed.is_empty() {
        return None;
    }
    decoder.collect().filter(|content| content.len() <= most)
}

impl Packing {
    /// Opens a compressed content; `room` is how much may be made of it, and then what is left of it.
    pub(crate) fn open(&mut self, content: &mut Vec<u8>, coding: Option<Coding>, room: &mut usize) {
        if *self != Self::Packed {
            return;
        }
        let opened = coding.and_then(|coding| Some((coding, coding.unpack(content, *room)?)));
        if let Some((coding, unpacked)) = opened {
            *room -= unpacked.len();
            *self = Self::Unpacked(coding, content.len());
            *content = unpacked;
        }
    }

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
            Self::Zstd => "zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;

    fn open(packed: &[u8], coding: &str) -> (Packing, Vec<u8>) {
        let (mut packing, mut content) = (Packing::Packed, packed.to_vec());
        packing.open(&mut content, Coding::named(coding), &mut { LARGEST });
        (packing, content)
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn pack(name: &str, content: &[u8]) -> Vec<u8> {
        match name {
            "gzip" => gzip(content),
            _ => compress_to_vec(content, CompressionLevel::Fastest),
        }
    }

    /// A frame of zstd with a window of 64 MiB.
    fn frame(blocks: &[u8]) -> Vec<u8> {
        [&[0x28, 0xb5, 0x2f, 0xfd, 0, 16 << 3], blocks].concat()
    }

    #[test]
    fn what_is_compressed_is_opened() {
        let content = b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        let ways = [
            ("gzip", gzip(content)),
            ("deflate", encoder.finish().unwrap()),
            ("zstd", pack("zstd", content)),
        ];
        for (name, packed) in ways {
            let (packing, opened) = open(&packed, name);
            assert_eq!(opened, content);
            let shown = format!("true: {name}, {} -> 60 bytes", packed.len());
            assert_eq!(packing.shown(&opened), shown);
        }
    }

    #[test]
    fn members_of_gzip_are_one_content_and_what_is_none_is_not_passed_over() {
        let packed = [gzip(b"one, "), gzip(b"two")].concat();
        assert_eq!(open(&packed, "gzip").1, b"one, two");
        let more = [gzip(b"one"), b"and more".to_vec()].concat();
        assert_eq!(open(&more, "gzip"), (Packing::Packed, more));
    }

    #[test]
    fn what_becomes_too_large_or_is_not_understood_stays_as_it_came() {
        for name in ["gzip", "zstd"] {
            let pack = |content: &[u8]| pack(name, content);
            // As docs/lab-api.md says.
            let most = 256 << 10;
            let bomb = pack(&vec![0; most + 1]);
            assert!(bomb.len() < 1000);
            let whole = pack(&[7; 100]);
            let cut = whole.get(..whole.len() / 2).unwrap();
            for packed in [&bomb[..], cut, b"neither"] {
                assert_eq!(open(packed, name), (Packing::Packed, packed.to_vec()));
            }
            assert_eq!(open(&whole, "snappy"), (Packing::Packed, whole.clone()));
            assert!(open(&pack(&vec![0; most]), name).0.is_open());
            // Many small ones have no more room than a large one.
            let mut room = 250;
            let mut each = || {
                let mut packing = Packing::Packed;
                packing.open(&mut whole.clone(), Coding::named(name), &mut room);
                packing
            };
            assert!(each().is_open());
            assert!(each().is_open());
            assert!(!each().is_open());
        }
    }

    #[test]
    fn a_frame_of_zstd_is_a_message_and_what_follows_it_is_none() {
        // Blocks of RFC 8878, 3.1.1.2: how long, of which kind, whether it is the last.
        let block = |size: usize, kind: usize, last: usize| {
            let head = size << 3 | kind << 1 | last;
            head.to_le_bytes()[..3].to_vec()
        };
        let raw = [block(2, 0, 0), b"ab".to_vec()].concat();
        let repeated = [block(3, 1, 1), b"c".to_vec()].concat();
        let packed = frame(&[raw.clone(), repeated].concat());
        assert_eq!(open(&packed, "zstd").1, b"abccc");
        let longer = [&packed[..], b"d"].concat();
        assert_eq!(open(&longer, "zstd"), (Packing::Packed, longer));
        let endless = frame(&raw);
        assert_eq!(open(&endless, "zstd"), (Packing::Packed, endless));
        let repeated = [block(128 * 1024, 1, 0), b"c".to_vec()].concat();
        let bomb = frame(&repeated.repeat(500));
        assert_eq!(open(&bomb, "zstd"), (Packing::Packed, bomb));
    }

    proptest! {
        #[test]
        fn what_is_damaged_on_its_way_is_read_without_a_panic(
            text in "[a-d]{0,300}", at in any::<prop::sample::Index>(), bits in 1_u8.., name in "gzip|zstd",
        ) {
            let mut packed = pack(&name, text.as_bytes());
            let at = at.index(packed.len());
            packed[at] ^= bits;
            let (packing, content) = open(&packed, &name);
            prop_assert!(packing.is_open() || content == packed);
        }
    }
}

//! Messages of an answer in gzip, where the caller takes it and it is worth it.
//!
//! tonic would compress every message, a stream's too, however short: a user alone is longer in gzip
//! than without. Requests in gzip are tonic's affair.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::message::PREFIX;

/// How the messages of an answer may be compressed ("gRPC over HTTP2", Message-Encoding).
pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

pub(super) const GZIP: HeaderValue = HeaderValue::from_static("gzip");

/// What a caller takes.
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Shorter messages fit into one packet anyway.
const WORTH_IT: usize = 1024;

/// Whether a caller takes messages in gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|encoding| encoding.trim().as_bytes() == GZIP.as_bytes())
}

/// The same data, shorter, where it is one message that is worth it.
pub(super) fn shortened(data: Bytes) -> Bytes {
    match in_gzip(&data) {
        Some(shorter) => shorter.into(),
        None => data,
    }
}

fn in_gzip(data: &[u8]) -> Option<Vec<u8>> {
    let (&[flag, a, b, c, d], message) = data.split_first_chunk::<PREFIX>()?;
    let is_whole = u32::from_be_bytes([a, b, c, d]) as usize == message.len();
    if flag != 0 || !is_whole || message.len() < WORTH_IT {
        return None;
    }
    let prefixed = vec![0; PREFIX];
    let mut encoder = GzEncoder::new(prefixed, Compression::fast());
    encoder.write_all(message).ok()?;
    let mut shorter = encoder.finish().ok()?;
    if shorter.len() >= data.len() {
        return None;
    }
    let length = u32::try_from(shorter.len() - PREFIX).ok()?.to_be_bytes();
    let (prefix, _) = shorter.split_first_chunk_mut::<PREFIX>()?;
    let [flag, room @ ..] = prefix;
    (*flag, *room) = (1, length);
    Some(shorter)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn message(flag: u8, content: &[u8]) -> Bytes {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[flag][..], &length, content].concat().into()
    }

    #[test]
    fn a_long_message_is_shortened_and_says_the_same() {
        let long = b"Ana Maria ".repeat(500);
        let shorter = shortened(message(0, &long));
        let (prefix, content) = shorter.split_first_chunk::<PREFIX>().unwrap();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        assert_eq!(*prefix, [1, length[0], length[1], length[2], length[3]]);
        assert!(content.len() < long.len() / 10, "{}", content.len());
        let mut read = vec![];
        GzDecoder::new(content).read_to_end(&mut read).unwrap();
        assert_eq!(read, long);
    }

    #[test]
    fn what_is_short_or_no_single_message_or_grows_by_it_stays_as_it_is() {
        let mut seed = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        })
        .take(4000)
        .collect();
        let long = b"Ana Maria ".repeat(500);
        let two = [message(0, &long), message(0, &long)].concat();
        let part = message(0, &long).slice(..1000);
        for data in [
            message(0, b""),
            message(0, &b"a".repeat(WORTH_IT - 1)),
            message(0, &noise),
            message(1, &long),
            two.into(),
            part,
            Bytes::new(),
        ] {
            assert_eq!(shortened(data.clone()), data);
        }
    }

    #[test]
    fn a_caller_takes_gzip_where_it_says_so() {
        let takes = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            takes_gzip(&headers)
        };
        assert!(takes(&["gzip"]) && takes(&["identity, deflate, gzip"]));
        assert!(takes(&["identity", "br,gzip"]));
        assert!(!takes(&[]) && !takes(&["identity,deflate"]) && !takes(&["gzipped"]));
    }
}

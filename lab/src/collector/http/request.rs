//! The body of an export, and its format.

use std::io::Read;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use flate2::read::MultiGzDecoder;

use super::answer::{Format, Refusal, Refused};

/// The format that the headers name.
pub(super) fn format(headers: &HeaderMap) -> Result<Format, Refused> {
    let named = text(headers, CONTENT_TYPE);
    let media_type = named.split(';').next().unwrap_or_default().trim();
    [Format::Protobuf, Format::Json]
        .into_iter()
        .find(|format| format.media_type().eq_ignore_ascii_case(media_type))
        .ok_or_else(|| Refused::unknown(media_type))
}

/// An export as it came.
#[derive(Debug)]
pub(super) struct Export {
    bytes: Bytes,
    is_gzip: bool,
    /// How many bytes it may have when decompressed.
    most: usize,
}

/// To decompress and read so much takes a moment.
const SMALL: usize = 64 * 1024;

impl Export {
    /// The export of a request, as far as that can be told without a look into it.
    pub(super) fn of(
        headers: &HeaderMap,
        body: Result<Bytes, BytesRejection>,
        most: usize,
    ) -> Result<Self, Refusal> {
        let bytes = body?;
        let encoding = text(headers, CONTENT_ENCODING).to_ascii_lowercase();
        let is_gzip = match &*encoding {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            _ => return Err(Refusal::Encoding(encoding)),
        };
        Ok(Self {
            bytes,
            is_gzip,
            most,
        })
    }

    /// What was sent, decompressed, if that is small.
    pub(super) fn small(&self) -> Result<Option<Bytes>, Refusal> {
        let most = SMALL.min(self.most);
        if !self.is_gzip {
            return Ok((self.bytes.len() <= most).then(|| self.bytes.clone()));
        }
        let mut small = Vec::new();
        match decompress(&self.bytes, most, &mut small) {
            Err(Refusal::TooLarge(_)) => Ok(None),
            done => done.map(|()| Some(small.into())),
        }
    }

    /// What was sent, decompressed in this room, if it has no more bytes than it may have.
    pub(super) fn whole<'a>(&'a self, room: &'a mut Vec<u8>) -> Result<&'a [u8], Refusal> {
        if !self.is_gzip {
            return Ok(&self.bytes);
        }
        room.clear();
        // All of it at once: as it grew, each step would leave a hole behind.
        room.reserve_exact(self.most.saturating_add(1));
        decompress(&self.bytes, self.most, room)?;
        Ok(room.as_slice())
    }
}

fn decompress(body: &[u8], most: usize, bytes: &mut Vec<u8>) -> Result<(), Refusal> {
    // One more than it may have shows that it has too many, without reading them all.
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(bound)
        .read_to_end(bytes)
        .map_err(Refusal::Gzip)?;
    if bytes.len() > most {
        return Err(Refusal::TooLarge(most));
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap_or("?"))
}

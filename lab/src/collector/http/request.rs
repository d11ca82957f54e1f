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

/// What was sent, decompressed, if it has no more bytes than `most`.
pub(super) fn body(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    most: usize,
) -> Result<Bytes, Refusal> {
    let body = body?;
    match text(headers, CONTENT_ENCODING)
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => decompressed(&body, most),
        encoding => Err(Refusal::Encoding(encoding.to_owned())),
    }
}

fn decompressed(body: &[u8], most: usize) -> Result<Bytes, Refusal> {
    let mut bytes = Vec::new();
    // One more than it may have shows that it has too many, without reading them all.
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body)
        .take(bound)
        .read_to_end(&mut bytes)
        .map_err(Refusal::Gzip)?;
    if bytes.len() > most {
        return Err(Refusal::TooLarge(most));
    }
    Ok(bytes.into())
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap_or("?"))
}

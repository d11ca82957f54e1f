//! Single values as the JSON of Protocol Buffers writes them.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

/// A number, or the same as text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or a number as text")]
enum Written<T> {
    Number(T),
    Double(f64),
    Text(String),
}

/// An unsigned number of 64 bits.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(try_from = "Written<u64>")]
pub(super) struct Uint64(pub(super) u64);

impl TryFrom<Written<u64>> for Uint64 {
    type Error = String;

    fn try_from(written: Written<u64>) -> Result<Self, String> {
        let wrong = |text| format!("{text:?} is no whole number from 0 to {}", u64::MAX);
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Double(double) => Err(wrong(double.to_string())),
            Written::Text(text) => text.parse().map(Self).map_err(|_| wrong(text)),
        }
    }
}

/// A number of 64 bits. JavaScript has whole numbers beyond them, and its exporters call them so too.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(try_from = "Written<i64>")]
pub(super) enum Int64 {
    Int(i64),
    Beyond(f64),
}

impl TryFrom<Written<i64>> for Int64 {
    type Error = String;

    fn try_from(written: Written<i64>) -> Result<Self, String> {
        match written {
            Written::Number(number) => Ok(Self::Int(number)),
            Written::Double(double) => Ok(Self::Beyond(double)),
            Written::Text(text) => match text.parse() {
                Ok(number) => Ok(Self::Int(number)),
                Err(_) => Err(format!("{text:?} is no whole number of 64 bits")),
            },
        }
    }
}

/// A number, which may be none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Written<f64>")]
pub(super) struct Double(pub(super) f64);

impl TryFrom<Written<f64>> for Double {
    type Error = String;

    fn try_from(written: Written<f64>) -> Result<Self, String> {
        match written {
            Written::Number(number) | Written::Double(number) => Ok(Self(number)),
            // Rust reads "NaN", "Infinity" and "-Infinity" as well.
            Written::Text(text) => match text.parse() {
                Ok(number) => Ok(Self(number)),
                Err(_) => Err(format!("{text:?} is no number")),
            },
        }
    }
}

/// Bytes as hexadecimal digits; what is none is an id of no bytes, and its span is rejected.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(from = "String")]
pub(super) struct Hex(pub(super) Vec<u8>);

impl From<String> for Hex {
    fn from(text: String) -> Self {
        let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
        let byte = |pair: &[u8]| match pair {
            [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        Self(bytes.unwrap_or_default())
    }
}

/// Bytes in Base64 of either alphabet, padded or not.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub(super) struct Base64(pub(super) Vec<u8>);

impl TryFrom<String> for Base64 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let alphabet = if text.contains(['-', '_']) {
            &URL_SAFE
        } else {
            &STANDARD
        };
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        let bytes = GeneralPurpose::new(alphabet, config).decode(&text);
        bytes
            .map(Self)
            .map_err(|error| format!("bytes that are no Base64: {error}"))
    }
}

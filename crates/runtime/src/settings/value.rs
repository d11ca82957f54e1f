//! From the text of a setting to its type.

use std::net::SocketAddr;
use std::ops::{Deref, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use url::Url;

/// A type that a setting can have.
pub trait FromSetting: Sized {
    /// What would be right, to finish the sentence "expected …".
    const EXPECTED: &'static str;

    /// The same without a range, where a setting names its own.
    const KIND: &'static str = Self::EXPECTED;

    /// The value, or `None` where the text is not of this type. The text is never empty.
    fn from_setting(text: &str) -> Option<Self>;
}

/// What would be right, where a value is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct Expected(pub String);

/// Reads a value of this type, as the `value_parser` of a setting.
pub fn parse<T: FromSetting>(text: &str) -> Result<T, Expected> {
    let value = (!text.is_empty()).then(|| T::from_setting(text)).flatten();
    value.ok_or_else(|| Expected(T::EXPECTED.to_owned()))
}

/// Reads values with commas between them, or none at all, as the `value_parser` of a setting.
pub fn list<T: FromSetting>(text: &str) -> Result<CommaList<T>, Expected> {
    CommaList::from_setting(text).ok_or_else(|| Expected(T::EXPECTED.to_owned()))
}

/// The `value_parser` of a setting that must lie within a range.
pub fn within<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, Expected> + Clone + Send + Sync + 'static
where
    T: FromSetting + PartialOrd + std::fmt::Debug + Clone + Send + Sync + 'static,
{
    move |text| {
        let value = parse(text).ok().filter(|value| range.contains(value));
        value.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            Expected(format!("{}, from {least:?} to {most:?}", T::KIND))
        })
    }
}

/// The same for a number of bytes in memory.
pub fn bytes(
    range: RangeInclusive<ByteSize>,
) -> impl Fn(&str) -> Result<usize, Expected> + Clone + Send + Sync + 'static {
    let size = within(range);
    move |text| Ok(usize::try_from(size(text)?.as_u64()).unwrap_or(usize::MAX))
}

/// The shortest time that most settings can be.
pub const MILLISECOND: Duration = Duration::from_millis(1);
/// The longest time that most settings can be.
pub const HOUR: Duration = Duration::from_hours(1);
/// The longest time of a limit.
pub const DAY: Duration = Duration::from_hours(24);

macro_rules! from_str_setting {
    ($($type:ty: $kind:literal $($range:literal)?),+ $(,)?) => {$(
        impl FromSetting for $type {
            const EXPECTED: &'static str = concat!($kind $(, $range)?);
            const KIND: &'static str = $kind;

            fn from_setting(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

from_str_setting! {
    bool: "true or false",
    u32: "a whole number" " from 0 to 4294967295",
    u64: "a whole number" ", 0 or more",
    usize: "a whole number" ", 0 or more",
    ByteSize: "a size such as 512, 16KiB or 1MiB",
    SocketAddr: "an IP address and a port, such as [::]:8080 or 127.0.0.1:8080",
    String: "a text",
    PathBuf: "a path",
    http::Method: "HTTP methods such as GET, with commas between them",
    http::HeaderName: "names of HTTP headers, with commas between them",
}

impl FromSetting for Duration {
    const EXPECTED: &'static str = "a duration such as 500ms, 5s or 1m30s";

    fn from_setting(text: &str) -> Option<Self> {
        humantime::parse_duration(text).ok()
    }
}

impl FromSetting for Url {
    const EXPECTED: &'static str = "an http:// URL such as http://servidor:8080/";

    fn from_setting(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        (url.scheme() == "http" && url.has_host()).then_some(url)
    }
}

/// A list of values with commas between them, as in `PEER_URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommaList<T>(pub Vec<T>);

impl<T: FromSetting> FromSetting for CommaList<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_setting(text: &str) -> Option<Self> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts
            .map(T::from_setting)
            .collect::<Option<Vec<T>>>()
            .map(Self)
    }
}

impl<T> Deref for CommaList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a CommaList<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A value that no log, error or page ever shows: neither `--help` nor what a refusal says.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself. Say why at the call.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl FromSetting for Secret {
    const EXPECTED: &'static str = "a text that is not empty";

    fn from_setting(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }
}

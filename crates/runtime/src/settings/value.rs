//! From the text of a setting to its type.

use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use url::Url;

/// A type that a setting can have.
pub trait FromSetting: Sized {
    /// What would be right, to finish the sentence "expected …".
    const EXPECTED: &'static str;

    /// The value, or `None` where the text is not of this type. The text is never empty.
    fn from_setting(text: &str) -> Option<Self>;
}

macro_rules! from_str_setting {
    ($($type:ty: $expected:literal),+ $(,)?) => {$(
        impl FromSetting for $type {
            const EXPECTED: &'static str = $expected;

            fn from_setting(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}

from_str_setting! {
    bool: "true or false",
    u16: "a whole number from 0 to 65535",
    u32: "a whole number from 0 to 4294967295",
    u64: "a whole number, 0 or more",
    usize: "a whole number, 0 or more",
    ByteSize: "a size such as 512, 16KiB or 1MiB",
    SocketAddr: "an IP address and a port, such as 0.0.0.0:8080 or [::]:8080",
    String: "a text",
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

/// A value that no log, error or page ever shows.
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

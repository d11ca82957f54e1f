//! Origins of pages, as settings name them (the Fetch standard, 3.2).

use axum::http::HeaderValue;
use url::Url;

use crate::settings::FromSetting;

/// `*`, or an origin as browsers write it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Any.
    Any,
    /// This one.
    Named(HeaderValue),
}

impl FromSetting for AllowedOrigin {
    const EXPECTED: &'static str = "origins such as https://app.example, or *";

    fn from_setting(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let url = Url::parse(text).ok()?;
        let is_bare = matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        let host = url.host_str().filter(|host| !host.is_empty() && is_bare)?;
        // The standard port has gone from it; schemes of apps, as in capacitor://, have none.
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let origin = format!("{}://{host}{port}", url.scheme());
        HeaderValue::try_from(origin).ok().map(Self::Named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Option<AllowedOrigin> {
        AllowedOrigin::from_setting(text)
    }

    #[test]
    fn origins_are_written_as_browsers_do() {
        for (text, origin) in [
            ("https://App.Example", "https://app.example"),
            ("https://app.example:443/", "https://app.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:80", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            let origin = AllowedOrigin::Named(HeaderValue::from_static(origin));
            assert_eq!(named(text), Some(origin), "{text}");
        }
        assert_eq!(named("*"), Some(AllowedOrigin::Any));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in [
            "app.example",
            "null",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://",
        ] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}

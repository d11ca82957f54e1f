//! Which pages may connect.
//!
//! A browser lets any page open a WebSocket to any host, and names the page's origin in `Origin`
//! (RFC 6455, 10.2). Other programs send no such header.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use runtime::http::AllowedOrigin;
use url::Url;

/// The origins that may connect, in addition to the host that was asked for.
#[derive(Clone, Debug)]
pub(super) enum Origins {
    Any,
    Listed(Vec<String>),
}

impl Origins {
    pub(super) fn new(allowed: &[AllowedOrigin]) -> Self {
        let mut listed = Vec::new();
        for origin in allowed {
            match origin {
                AllowedOrigin::Any => return Self::Any,
                AllowedOrigin::Named(origin) => {
                    listed.extend(origin.to_str().map(str::to_lowercase));
                }
            }
        }
        Self::Listed(listed)
    }

    /// Whether the page that sends these headers to this host may connect.
    pub(super) fn allow(&self, headers: &HeaderMap, host: Option<&str>) -> bool {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else {
            return !headers.contains_key(ORIGIN);
        };
        let listed = match self {
            Self::Any => return true,
            Self::Listed(listed) => listed,
        };
        let Ok(origin) = origin.to_str().map(str::to_lowercase) else {
            return false;
        };
        listed.contains(&origin) || is_host(&origin, host)
    }
}

/// The host that the client asked for: the one that a trusted proxy tells, or `Host`.
pub(super) fn asked_host<'a>(headers: &'a HeaderMap, told: Option<&'a str>) -> Option<&'a str> {
    told.or_else(|| headers.get(HOST)?.to_str().ok())
}

/// Whether an origin is the host that was asked for. Both schemes count: TLS may end at a proxy.
fn is_host(origin: &str, host: Option<&str>) -> bool {
    let parsed = |scheme: &str| Url::parse(&format!("{scheme}://{}", host?)).ok();
    let Ok(origin) = Url::parse(origin) else {
        return false; // `null` too, from a page without a host
    };
    parsed(origin.scheme()).is_some_and(|asked| {
        matches!(origin.scheme(), "http" | "https") && asked.origin() == origin.origin()
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use runtime::settings::FromSetting;

    use super::*;

    fn allow(allowed: &[&str], origins: &[&'static str], host: &'static str) -> bool {
        let allowed = allowed
            .iter()
            .map(|origin| AllowedOrigin::from_setting(origin));
        let allowed: Vec<_> = allowed.collect::<Option<_>>().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_static(origin));
        }
        Origins::new(&allowed).allow(&headers, asked_host(&headers, None))
    }

    #[test]
    fn a_proxy_that_is_trusted_says_which_host_was_asked() {
        let headers = HeaderMap::from_iter([
            (HOST, HeaderValue::from_static("chat:8000")),
            (ORIGIN, HeaderValue::from_static("https://chat.example")),
        ]);
        let allow = |told| Origins::new(&[]).allow(&headers, asked_host(&headers, told));
        for told in ["chat.example", "Chat.Example:443"] {
            assert!(allow(Some(told)), "{told}");
        }
        for told in [Some("evil.example"), Some("inner:8080"), None] {
            assert!(!allow(told), "{told:?}");
        }
    }

    #[test]
    fn its_own_page_and_programs_may_connect() {
        assert!(allow(&[], &[], "localhost:8000"));
        assert!(allow(&[], &["http://localhost:8000"], "localhost:8000"));
        assert!(allow(&[], &["https://Chat.Example"], "chat.example"));
        assert!(allow(&[], &["https://chat.example"], "chat.example:443"));
        assert!(allow(&[], &["http://[::1]:8000"], "[::1]:8000"));
    }

    #[test]
    fn foreign_pages_may_not() {
        for origin in [
            "http://evil.example",
            "http://localhost:8001",
            "http://localhost",
            "http://localhost:8000.evil.example",
            "null",
            "file://",
            "chrome-extension://localhost:8000",
            "",
        ] {
            assert!(!allow(&[], &[origin], "localhost:8000"), "{origin}");
        }
        let twice = ["http://localhost:8000", "http://evil.example"];
        assert!(!allow(&[], &twice, "localhost:8000"));
    }

    #[test]
    fn others_may_where_a_setting_says_so() {
        let allowed = ["https://Chat.example:443/"];
        assert!(allow(&allowed, &["https://chat.example"], "a:8000"));
        assert!(!allow(&allowed, &["http://chat.example"], "a:8000"));
        assert!(allow(&["*"], &["null"], "a:8000"));
    }
}

//! The path below which a proxy serves a service.

use std::fmt;
use std::sync::Arc;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::settings::FromSetting;

/// What a proxy takes off the front of a path, without a slash at its end: `/api`, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootPath(Option<Arc<str>>);

/// No path that a proxy has is longer.
const LONGEST: usize = 256;

impl RootPath {
    /// The text as such a path, if it is one. It can never be taken for a host, or lead upwards.
    pub fn new(text: &str) -> Option<Self> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return text.starts_with('/').then(Self::default);
        }
        let mut parts = path.strip_prefix('/')?.split('/');
        let fits = path.len() <= LONGEST && parts.all(is_part);
        fits.then(|| Self(Some(path.into())))
    }

    /// Its text, empty at the root.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether this is the address of it, without a slash at its end.
    pub(in crate::http) fn is(&self, uri: &Uri) -> bool {
        self.0.as_deref() == Some(uri.path())
    }

    /// Takes it off a path that still has it, as Starlette does: not every proxy strips it.
    pub(in crate::http) fn strip(&self, uri: &mut Uri) {
        let rest = uri.path().strip_prefix(self.as_str());
        let Some(rest) =
            rest.filter(|rest| self.0.is_some() && (rest.is_empty() || rest.starts_with('/')))
        else {
            return;
        };
        let path = if rest.is_empty() { "/" } else { rest };
        let path = match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(path).ok();
        if let Ok(stripped) = Uri::from_parts(parts) {
            *uri = stripped;
        }
    }
}

/// RFC 3986, 3.3, less what a quote or a bracket around it would end at.
fn is_part(part: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&+=:@%".contains(&byte);
    !matches!(part, "" | "." | "..") && part.bytes().all(is_allowed)
}

impl fmt::Display for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromSetting for RootPath {
    const EXPECTED: &'static str = "a path such as /api";

    fn from_setting(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_slash_in_front_and_none_behind() {
        for (text, path) in [("/api", "/api"), ("/a/b-1/", "/a/b-1"), ("/", "")] {
            assert_eq!(RootPath::new(text).unwrap().as_str(), path, "{text}");
        }
        let longest = format!("/{}", "a".repeat(LONGEST));
        for wrong in [
            "", "api", "//", "//a", "/a//b", "/a/../b", "/.", "/a b", "/a>", "/a\"", "/é", "/a?b",
            &longest,
        ] {
            assert_eq!(RootPath::new(wrong), None, "{wrong}");
        }
        assert_eq!(RootPath::from_setting("/api"), RootPath::new("/api"));
        assert_eq!(RootPath::from_setting("api"), None);
    }

    #[test]
    fn it_is_taken_off_where_it_is_whole() {
        let root = RootPath::new("/api").unwrap();
        for (from, to) in [
            ("/api/usuarios?limite=1", "/usuarios?limite=1"),
            ("/api", "/"),
            ("/api/", "/"),
            ("/api?x", "/?x"),
            ("/apis", "/apis"),
            ("/usuarios", "/usuarios"),
        ] {
            let mut uri: Uri = from.parse().unwrap();
            assert_eq!(root.is(&uri), matches!(from, "/api" | "/api?x"), "{from}");
            root.strip(&mut uri);
            assert_eq!(uri.to_string(), to, "{from}");
        }
        let mut uri: Uri = "/a".parse().unwrap();
        RootPath::default().strip(&mut uri);
        assert_eq!(uri.path(), "/a");
    }
}

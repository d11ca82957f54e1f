//! A path with a slash too many leads to the one without, as in FastAPI.

use axum::http::Uri;

/// The paths that there are, as `/usuarios/{id}`.
#[derive(Clone, Debug)]
pub(super) struct Paths(Vec<String>);

impl Paths {
    pub(super) fn new(paths: impl IntoIterator<Item = String>) -> Self {
        Self(paths.into_iter().collect())
    }

    /// Where a request should have gone, with its query, if only its last slashes are wrong.
    pub(super) fn without_slash(&self, uri: &Uri) -> Option<String> {
        let path = uri.path().strip_suffix('/')?.trim_end_matches('/');
        if !self.0.iter().any(|known| fits(known, path)) {
            return None;
        }
        let query = uri.query().map(|query| format!("?{query}"));
        Some(format!("{path}{}", query.unwrap_or_default()))
    }
}

fn fits(known: &str, path: &str) -> bool {
    let (mut known, mut path) = (known.split('/'), path.split('/'));
    loop {
        match (known.next(), path.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name == part => {}
            (Some(name), Some(part)) if name.starts_with('{') && !part.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_paths_are_led_to() {
        let paths = Paths::new(["/usuarios".to_owned(), "/usuarios/{id}".to_owned()]);
        for (from, to) in [
            ("/usuarios/", Some("/usuarios")),
            ("/usuarios//?limite=1", Some("/usuarios?limite=1")),
            ("/usuarios/x/", Some("/usuarios/x")),
            ("/usuarios", None),
            ("/", None),
            ("//", None),
            ("/nothing/", None),
            ("/usuarios//x/", None),
            ("//exemplo.com/", None),
        ] {
            let to = to.map(str::to_owned);
            assert_eq!(paths.without_slash(&from.parse().unwrap()), to, "{from}");
        }
    }
}

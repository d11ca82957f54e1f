//! Where the gateway is for its clients: at the root of a host, or below the path of a proxy.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Redirect;
use runtime::http::{Forwarded, RootPath};

/// What stands before every path that a client is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Root(RootPath);

impl Root {
    /// A request for this path goes there instead.
    pub(super) fn redirect(&self, path: &str) -> Redirect {
        Redirect::temporary(&format!("{self}{path}"))
    }

    /// Its path, unless it is the root of the host.
    pub(super) fn path(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|path| !path.is_empty())
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: Sync> FromRequestParts<S> for Root {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let forwarded = parts.extensions.get::<Forwarded>();
        Ok(Self(
            forwarded
                .map(|told| told.root_path.clone())
                .unwrap_or_default(),
        ))
    }
}

//! Who asks.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use runtime::http::Forwarded;

/// Who asks, where anybody says it: the peer, or whom a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) Option<IpAddr>);

impl Client {
    pub(super) fn of(extensions: &Extensions) -> Self {
        let forwarded = extensions.get();
        Self(forwarded.map(|Forwarded { client, .. }| *client))
    }

    /// Whether a trusted proxy asks for it, on a connection on which others may be asked for as well.
    pub(super) fn is_proxied(extensions: &Extensions) -> bool {
        let forwarded = extensions.get();
        forwarded.is_some_and(|Forwarded { client, peer, .. }| client != peer)
    }
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

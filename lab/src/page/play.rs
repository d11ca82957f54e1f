//! What a person does on the page: the lab asks a service in the browser's place.
//!
//! A browser can neither open a TCP connection nor ask another port for JSON. Each request is the
//! beginning of a trace, which `x-malha-trace` names.
//!
//! # Layout
//! - [`bytes`]: some bytes over TCP, and what comes back.
//! - [`forward`]: a request over HTTP.
//! - [`errand`]: the span of either.

mod bytes;
mod errand;
mod forward;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use opentelemetry::trace::TraceId;

use super::state::Shown;
use crate::supervisor::status::Entry;

/// The trace that a request began.
const TRACE: HeaderName = HeaderName::from_static("x-malha-trace");

/// What somebody may send at once.
const MOST: usize = 64 * 1024;

pub(super) fn routes() -> Router<Shown> {
    Router::new()
        .route("/lab/play/{service}/bytes", post(bytes::send))
        .route("/lab/play/{service}/http/", any(forward::forward))
        .route("/lab/play/{service}/http/{*path}", any(forward::forward))
        .layer(DefaultBodyLimit::max(MOST))
}

/// Why a service cannot be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
enum PlayError {
    #[error("{0:?} is no service of this lab that can be asked so")]
    Unknown(String),
    #[error("{service} does not answer: {reason}")]
    NoAnswer {
        service: &'static str,
        reason: String,
        trace: TraceId,
    },
}

impl IntoResponse for PlayError {
    fn into_response(self) -> Response {
        let text = format!("{self}\n");
        match self {
            Self::Unknown(_) => (StatusCode::NOT_FOUND, text).into_response(),
            Self::NoAnswer { trace, .. } => {
                let trace = [(TRACE, trace.to_string())];
                (StatusCode::BAD_GATEWAY, trace, text).into_response()
            }
        }
    }
}

/// A service that is asked over HTTP, or over plain TCP, and where.
fn service(shown: &Shown, name: &str, http: bool) -> Result<(Entry, SocketAddr), PlayError> {
    let mut entries = shown.registry.entries().into_iter();
    let entry = entries.find(|entry| entry.name == name && entry.http == http);
    let asked = entry.and_then(|entry| Some((entry.listen?, entry)));
    asked
        .map(|(listen, entry)| (entry, listen))
        .ok_or_else(|| PlayError::Unknown(name.to_owned()))
}

#[cfg(test)]
mod tests;

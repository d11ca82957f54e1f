//! The server: one route, one message.

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use axum::routing::get;
use runtime::http::Routes;
use runtime::{Lifecycle, http};
use tokio::net::TcpListener;

use crate::settings::ServidorSettings;

/// Serves until the lifecycle stops.
pub async fn serve(settings: ServidorSettings, listener: TcpListener, lifecycle: Lifecycle) {
    http::serve(
        listener,
        routes(&settings.message),
        settings.limits,
        &lifecycle,
    )
    .await;
}

/// `GET /` answers the message; other methods get 405, other paths 404.
fn routes(message: &str) -> Routes {
    let message = Bytes::from(message.to_owned());
    // Not by `State`: for it a request would be taken apart, and moved three times.
    Routes::new().route("/", get(async move || answer(message)))
}

fn answer(message: Bytes) -> impl IntoResponse {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        // A message from a setting must never be read as a page.
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    // As a body: `Bytes` would bring a type of its own, to be put in and thrown away.
    (headers, Body::from(message))
}

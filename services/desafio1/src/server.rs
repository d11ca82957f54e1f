//! The server: one route, one message.

use axum::body::Bytes;
use axum::extract::State;
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
    Routes::new()
        .route("/", get(answer))
        .with_state(Bytes::from(message.to_owned()))
}

async fn answer(State(message): State<Bytes>) -> impl IntoResponse {
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
        // A message from a setting must never be read as a page.
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, message)
}

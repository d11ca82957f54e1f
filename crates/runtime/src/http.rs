//! An HTTP/1.1 server with limits in time and size, and a drain that loses no request.
//!
//! HTTP/1.1 only: inside a cluster HTTP/2 pins a client to one pod. axum's own `serve` sets no
//! timer for headers and does not wait for upgraded connections, hence this loop over hyper.

mod body;
mod connection;
mod limits;
mod phase;
mod timed_io;

pub use body::GuardedBody;
pub use limits::{DEFAULTS, HttpLimits};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tokio::net::{TcpListener, TcpStream};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::lifecycle::Lifecycle;
use crate::net::{Refusal, accept_until_stopped};
use crate::trace::http_server::HttpServerLayer;

/// Serves the routes until the service stops, each request with a span and metrics.
///
/// Returns when nothing new is accepted; requests that still run are tasks of `lifecycle`.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    // One layer: a router boxes what each of them makes of a route, and copies it for each request.
    let routes = routes.layer((
        bounded(&limits),
        (
            HttpServerLayer::new(lifecycle.metrics().clone()),
            CatchPanicLayer::custom(|_| internal_error()),
        ),
    ));
    serve_bounded("http", listener, routes, limits, lifecycle).await;
}

/// The same without spans and request metrics, for probes that come every few seconds.
pub async fn serve_untraced(
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    let routes = routes.layer(bounded(&limits));
    serve_bounded(protocol, listener, routes, limits, lifecycle).await;
}

/// Bodies are no longer than the limit, whoever reads them.
fn bounded(limits: &HttpLimits) -> (RequestBodyLimitLayer, DefaultBodyLimit) {
    let max_body = usize::try_from(limits.max_body.as_u64()).unwrap_or(usize::MAX);
    let layer = RequestBodyLimitLayer::new(max_body);
    (layer, DefaultBodyLimit::disable())
}

async fn serve_bounded(
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    let server = connection::Server::new(protocol, routes, limits, lifecycle.clone());
    accept_until_stopped(
        protocol,
        listener,
        limits.connection_limits(),
        lifecycle,
        refuse,
        |accepted| server.clone().serve(accepted),
    )
    .await;
}

/// The answer to a handler that panicked: its details are in the log, not on the wire.
fn internal_error() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
}

/// One last word to a connection beyond the caps, written only if it fits into the socket at once.
fn refuse(stream: &TcpStream, _: Refusal) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
        connection: close\r\ncontent-length: 0\r\n\r\n";
    if let Err(error) = stream.try_write(ANSWER) {
        tracing::debug!(%error, "refusal not written");
    }
}

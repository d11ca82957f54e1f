//! An HTTP/1.1 server with limits in time and size, and a drain that loses no request.
//!
//! HTTP/1.1 only: inside a cluster HTTP/2 pins a client to one pod. axum's own `serve` sets no
//! timer for headers and does not wait for upgraded connections, hence this loop over hyper.

mod answer;
mod body;
mod connection;
mod head;
mod held;
mod hold_back;
mod limits;
mod metrics;
mod observe;
mod origin;
mod phase;
mod problem;
mod proxy;
mod routes;
mod timed_io;
mod timer;

pub use hold_back::HoldBack;
pub use limits::HttpLimits;
pub(crate) use metrics::HttpServerMetrics;
pub use origin::AllowedOrigin;
pub use proxy::{Forwarded, ProxySettings, RootPath};
pub use routes::Routes;

use axum::Router;
use tokio::net::TcpListener;

use self::connection::Http;
use self::observe::Observer;
use crate::lifecycle::Lifecycle;
use crate::net::{self, ServerContext};

/// Serves the routes until the service stops, each request with a span and metrics.
///
/// Returns when nothing new is accepted; requests that still run are tasks of `lifecycle`.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    serve_observed(listener, routes, limits, None, lifecycle).await;
}

/// The same behind proxies: every request has a [`Forwarded`] as an extension.
pub async fn serve_proxied(
    listener: TcpListener,
    routes: Routes,
    limits: HttpLimits,
    proxies: ProxySettings,
    lifecycle: &Lifecycle,
) {
    serve_observed(listener, routes, limits, Some(proxies), lifecycle).await;
}

async fn serve_observed(
    listener: TcpListener,
    routes: Routes,
    limits: HttpLimits,
    proxies: Option<ProxySettings>,
    lifecycle: &Lifecycle,
) {
    let (routes, templates) = routes.into_parts();
    let http = Http {
        server: ServerContext::new("http", lifecycle.clone()),
        routes,
        observer: Some(Observer::new(templates, lifecycle.metrics())),
        limits,
        proxies,
    };
    net::serve(listener, limits.connection_limits(), http).await;
}

/// The same without spans and request metrics, for probes that come every few seconds.
pub async fn serve_untraced(
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    let http = Http {
        server: ServerContext::new(protocol, lifecycle.clone()),
        routes,
        observer: None,
        limits,
        proxies: None,
    };
    net::serve(listener, limits.connection_limits(), http).await;
}

//! An HTTP/1.1 server with limits in time and size, and a drain that loses no request.
//!
//! HTTP/1.1 only: inside a cluster HTTP/2 pins a client to one pod. axum's own `serve` sets no
//! timer for headers and does not wait for upgraded connections, hence this loop over hyper.

mod answer;
mod body;
mod connection;
mod head;
mod held;
mod limits;
mod metrics;
mod observe;
mod phase;
mod problem;
mod proxy;
mod timed_io;

pub use limits::HttpLimits;
pub(crate) use metrics::HttpServerMetrics;
pub use proxy::{Forwarded, ProxySettings, RootPath};

use axum::Router;
use tokio::net::TcpListener;

use self::connection::Http;
use self::observe::ObserveLayer;
use crate::lifecycle::Lifecycle;
use crate::net::{self, ServerContext};

/// Serves the routes until the service stops, each request with a span and metrics.
///
/// Returns when nothing new is accepted; requests that still run are tasks of `lifecycle`.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    let routes = observed(routes, lifecycle);
    serve_bounded("http", listener, routes, limits, None, lifecycle).await;
}

/// The same behind proxies: every request has a [`Forwarded`] as an extension.
pub async fn serve_proxied(
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    proxies: ProxySettings,
    lifecycle: &Lifecycle,
) {
    let routes = observed(routes, lifecycle);
    serve_bounded("http", listener, routes, limits, Some(proxies), lifecycle).await;
}

fn observed(routes: Router, lifecycle: &Lifecycle) -> Router {
    // One layer: a router boxes what each of them makes of a route, and copies it for each request.
    routes.layer(ObserveLayer::new(lifecycle.metrics()))
}

/// The same without spans and request metrics, for probes that come every few seconds.
pub async fn serve_untraced(
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    lifecycle: &Lifecycle,
) {
    serve_bounded(protocol, listener, routes, limits, None, lifecycle).await;
}

async fn serve_bounded(
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    proxies: Option<ProxySettings>,
    lifecycle: &Lifecycle,
) {
    let caps = limits.connection_limits();
    let server = ServerContext::new(protocol, lifecycle.clone());
    let http = Http {
        server,
        routes,
        limits,
        proxies,
    };
    net::serve(listener, caps, http).await;
}

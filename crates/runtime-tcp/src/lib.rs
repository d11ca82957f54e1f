//! Servers and clients of plain TCP protocols: one request and one answer a connection.
//!
//! # Layout
//! - [`Procedure`] (`procedure.rs`): what an exercise declares of its protocol.
//! - [`serve`], [`TcpLimits`] (`connection.rs`, `limits.rs`): the server, over
//!   [`runtime::net::serve`].
//! - [`incoming`]: the bytes of a connection, taken apart without waiting.
//! - [`proxy`], [`tlv`]: the PROXY headers, one of which may carry a trace's context.
//! - [`telnet`]: what telnet clients send before a request, for a refusal that says so.
//! - [`TcpClient`] (`client.rs`): the other side.
//! - [`RetryingClient`] (`retrying_client.rs`): a client that retries while its server is away.

pub mod client;
mod connection;
pub mod incoming;
mod limits;
mod metrics;
mod procedure;
pub mod proxy;
mod request_record;
mod retrying_client;
pub mod telnet;
pub mod tlv;
mod try_io;

pub use client::{TcpClient, TcpClientError, TcpClientSettings};
pub use limits::TcpLimits;
pub use procedure::{Answer, Procedure, RequestRefusal};
pub use retrying_client::{Patience, RetryingClient};

use tokio::net::TcpListener;

use runtime::Lifecycle;
use runtime::net::{self, ServerContext};

/// Serves a procedure until the service stops, each request with a span and metrics.
///
/// Returns when nothing new is accepted; requests that still run are tasks of `lifecycle`.
pub async fn serve<P: Procedure>(
    listener: TcpListener,
    procedure: P,
    limits: TcpLimits,
    lifecycle: &Lifecycle,
) {
    let caps = limits.connection_limits();
    let server = ServerContext::new(P::PROTOCOL, lifecycle.clone());
    server.show_cuts_at_zero(&connection::CUTS);
    let metrics = metrics::TcpServerMetrics::register(lifecycle.metrics());
    let protocol = connection::OneRequest {
        server,
        procedure,
        limits,
        metrics,
    };
    net::serve(listener, caps, protocol).await;
}

#[cfg(test)]
mod tests;

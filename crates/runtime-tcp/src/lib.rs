//! Servers and clients of plain TCP protocols: one request and one answer a connection.
//!
//! # Layout
//! - [`Procedure`] (`procedure.rs`): what an exercise declares of its protocol.
//! - [`serve`], [`TcpLimits`] (`connection.rs`, `limits.rs`): the server, over the accept loop of
//!   [`runtime::net`].
//! - [`incoming`]: the bytes of a connection, taken apart without waiting.
//! - [`proxy`], [`tlv`]: the PROXY header that carries a trace's context.
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
pub mod tlv;
mod try_io;

pub use client::{TcpClient, TcpClientError, TcpClientSettings};
pub use limits::{DEFAULTS, TcpLimits};
pub use procedure::{Answer, Procedure, RequestRefusal};
pub use retrying_client::{Patience, RetryingClient};

use std::sync::Arc;

use tokio::net::TcpListener;

use runtime::Lifecycle;
use runtime::net::accept_until_stopped;

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
    let metrics = metrics::TcpServerMetrics::register(lifecycle.metrics());
    connection::show_cuts_at_zero::<P>(lifecycle);
    let life_of_all = lifecycle.clone();
    let server = Arc::new(connection::Server {
        procedure,
        limits,
        lifecycle: life_of_all,
        metrics,
    });
    let refuse = |stream: &tokio::net::TcpStream, refusal| {
        // One last word, written only if it fits into the socket at once.
        let text = server.procedure.refuse(RequestRefusal::Busy(refusal));
        if let Err(error) = try_io::write(stream, text.as_bytes()) {
            tracing::debug!(%error, "refusal not written");
        }
    };
    let serve = |accepted| Arc::clone(&server).serve(accepted);
    accept_until_stopped(P::PROTOCOL, listener, caps, lifecycle, refuse, serve).await;
}

#[cfg(test)]
mod tests;

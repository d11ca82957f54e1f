//! Servers and clients of plain TCP protocols: one request and one answer a connection.
//!
//! # Layout
//! - [`Procedure`] (`procedure.rs`): what an exercise says of its protocol.
//! - [`serve`], [`TcpLimits`] (`connection.rs`, `limits.rs`): the server, over the accept loop of
//!   [`net`](crate::net).
//! - [`incoming`]: the bytes of a connection, taken apart without waiting.
//! - [`proxy`], [`tlv`]: the PROXY header that carries a trace's context.
//! - [`Trust`] (`trust.rs`): whose traces are continued.
//! - [`Client`] (`client.rs`): the other side, and [`ServerAddress`] that it connects to.
//! - [`Caller`] (`caller.rs`): a client that tries again while its server is away.

mod address;
mod at_once;
mod caller;
pub mod client;
mod connection;
mod exchange;
pub mod incoming;
mod limits;
mod metrics;
mod procedure;
pub mod proxy;
pub mod tlv;
mod trust;

pub use address::ServerAddress;
pub use caller::{Caller, Patience};
pub use client::{Client, ClientError, TcpClientSettings};
pub use limits::{DEFAULTS, TcpLimits};
pub use procedure::{Answer, Procedure, Refused};
pub use trust::Trust;

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::life::Life;
use crate::net::accept_until_stopped;

/// Serves a procedure until the service stops, each request with a span and metrics.
///
/// Returns when nothing new is accepted; requests that still run are tasks of `life`.
pub async fn serve<P: Procedure>(
    listener: TcpListener,
    procedure: P,
    limits: TcpLimits,
    life: &Life,
) {
    let caps = limits.caps();
    let metrics = metrics::TcpServerMetrics::register(life.metrics());
    connection::show_cuts_at_zero::<P>(life);
    let life_of_all = life.clone();
    let server = Arc::new(connection::Server {
        procedure,
        limits,
        life: life_of_all,
        metrics,
    });
    let refuse = |stream: &tokio::net::TcpStream, refusal| {
        // One last word, written only if it fits into the socket at once.
        let text = server.procedure.refuse(Refused::Busy(refusal));
        if let Err(error) = at_once::write(stream, text.as_bytes()) {
            tracing::debug!(%error, "refusal not written");
        }
    };
    let serve = |accepted| Arc::clone(&server).serve(accepted);
    accept_until_stopped(P::PROTOCOL, listener, caps, life, refuse, serve).await;
}

#[cfg(test)]
mod tests;

//! The accept loop: takes connections within the caps until the service stops.

use std::net::SocketAddr;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};

use super::limiter::{ConnectionLimiter, ConnectionLimits, ConnectionPermit};
use crate::lifecycle::Lifecycle;
use crate::metrics::{ProtocolLabel, ProtocolReason};

/// A connection within the limits. Dropping it gives its place back.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
    /// Who opened it.
    pub peer: SocketAddr,
    permit: ConnectionPermit,
    open: Open,
}

impl Accepted {
    /// For protocols of many small messages: none waits for the acknowledgement of the one before.
    #[must_use]
    pub fn without_delay(self) -> Self {
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "nodelay not set");
        }
        self
    }

    /// The stream and what must be kept for as long as the connection is served.
    pub fn split(self) -> (TcpStream, SocketAddr, impl Send + Unpin + use<>) {
        (self.stream, self.peer, (self.permit, self.open))
    }
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many are open as the listener may have.
    TooMany,
    /// As many are open as one address may have.
    TooManyFromAddress,
}

impl Refusal {
    /// A bounded name, for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooMany => "max_connections",
            Self::TooManyFromAddress => "max_connections_per_address",
        }
    }
}

/// Accepts until the service stops, handing each connection to `serve` on a tracked task.
///
/// A connection beyond the caps goes to `refuse`, which may write a last word without waiting.
/// Whoever completed a handshake before the end is still served: the kernel's queue is emptied
/// before the listener closes.
pub async fn accept_until_stopped<S, F>(
    protocol: &'static str,
    listener: TcpListener,
    limits: ConnectionLimits,
    lifecycle: &Lifecycle,
    refuse: impl Fn(&TcpStream, Refusal),
    serve: S,
) where
    S: Fn(Accepted) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let limiter = ConnectionLimiter::new(limits);
    lifecycle.spawn(release_memory(limiter.clone(), lifecycle.clone()));
    let metrics = lifecycle.metrics().connections.clone();
    // Looked up once, not for each connection.
    let accepted = metrics
        .accepted
        .get_or_create_owned(&ProtocolLabel { protocol });
    let open = metrics
        .open
        .get_or_create_owned(&ProtocolLabel { protocol });
    let admit = |(stream, peer): (TcpStream, SocketAddr)| match limiter.take(peer.ip()) {
        Ok(permit) => {
            accepted.inc();
            let open = Open::new(open.clone());
            lifecycle.spawn(serve(Accepted {
                stream,
                peer,
                permit,
                open,
            }));
        }
        Err(refusal) => {
            let reason = refusal.code();
            metrics
                .refused
                .get_or_create(&ProtocolReason { protocol, reason })
                .inc();
            tracing::debug!(%peer, reason, "connection refused");
            refuse(&stream, refusal);
        }
    };
    loop {
        let accepted = tokio::select! {
            biased;
            () = lifecycle.stopping() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(connection) => admit(connection),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of file descriptors or memory: trying again at once would only burn a core.
                metrics
                    .refused
                    .get_or_create(&ProtocolReason {
                        protocol,
                        reason: "accept",
                    })
                    .inc();
                tracing::warn!(%error, protocol, "connections cannot be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    for _ in 0..BACKLOG {
        let Ok(Ok(connection)) = tokio::time::timeout(QUEUE_EMPTY, listener.accept()).await else {
            break;
        };
        admit(connection);
    }
}

/// What a peak needed is of no use to the connections that stay.
async fn release_memory(limiter: ConnectionLimiter, lifecycle: Lifecycle) {
    loop {
        tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            () = limiter.shrunk() => {}
        }
        // The last of them are still being closed.
        tokio::time::sleep(AFTERWARDS).await;
        // A few milliseconds, in which this thread serves nobody else.
        if let Err(error) = tokio::task::spawn_blocking(malloc_trim::release).await {
            tracing::debug!(%error, "no memory given back");
        }
    }
}

const AFTERWARDS: Duration = Duration::from_secs(1);

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// As many as the kernel queues for a listener of tokio's.
const BACKLOG: usize = 1024;

/// After this long without a connection the kernel's queue counts as empty.
const QUEUE_EMPTY: Duration = Duration::from_millis(5);

/// Whether the error is about the one connection that went away before it was taken.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Counts a connection as open until it is dropped.
#[derive(Debug)]
struct Open(Gauge);

impl Open {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

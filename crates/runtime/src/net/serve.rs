//! What every server does alike: it accepts within limits, says why it refuses, ends with the
//! lifecycle, and counts what it cuts. A protocol brings the rest.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use rand::Rng;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::files;
use super::limiter::{ConnectionLimiter, ConnectionLimits, ConnectionPermit, Refusal};
use crate::lifecycle::Lifecycle;
use crate::memory::{MemoryBudget, give_back};
use crate::metrics::ConnectionMetrics;

/// What one protocol does with its connections.
pub trait Protocol: Send + Sync + 'static {
    /// The memory that an open connection takes which has said nothing: its socket in the kernel, and
    /// its task.
    const SILENT: usize = 4 * 1024;

    /// The server that it is part of.
    fn server(&self) -> &ServerContext;

    /// The last word to a connection beyond the limits.
    fn refusal(&self, refusal: Refusal) -> Cow<'static, [u8]>;

    /// Serves one connection to its end.
    fn serve(self: Arc<Self>, connection: Connection) -> impl Future<Output = ()> + Send;
}

/// A server's name in metrics and its lifecycle.
#[derive(Clone, Debug)]
pub struct ServerContext {
    protocol: &'static str,
    lifecycle: Lifecycle,
}

impl ServerContext {
    /// The server of this protocol that ends with this lifecycle.
    pub fn new(protocol: &'static str, lifecycle: Lifecycle) -> Self {
        Self {
            protocol,
            lifecycle,
        }
    }

    /// The lifecycle of the server.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }

    /// Works to the end, unless the drain's deadline cuts it first.
    pub async fn unless_aborted(&self, work: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = work => {}
            () = self.lifecycle.aborted() => self.count_cut("drain_timeout"),
        }
    }

    /// Waits until the service has stopped, and then as long as a connection may stay open that has
    /// not sent anything.
    pub async fn silence_is_over(&self) {
        self.lifecycle.stopping().await;
        tokio::time::sleep(SILENCE).await;
    }

    /// Counts a connection that this side ends before its time.
    pub fn count_cut(&self, reason: &'static str) {
        self.connections().cut(self.protocol, reason).inc();
    }

    /// Shows these reasons in `/metrics` before the first cut: a rate needs the zero.
    pub fn show_cuts_at_zero(&self, reasons: &[&'static str]) {
        for reason in reasons {
            self.connections().cut(self.protocol, reason);
        }
    }

    fn connections(&self) -> &ConnectionMetrics {
        &self.lifecycle.metrics().connections
    }
}

/// How long after the stop a connection may stay open without having sent anything.
const SILENCE: Duration = Duration::from_millis(200);

/// A connection within the limits.
#[derive(Debug)]
pub struct Connection {
    /// Its stream.
    pub stream: TcpStream,
    /// The address of the client; one of IPv4 is written as such, also where the listener is IPv6's.
    pub peer: SocketAddr,
    /// Counts it as open until dropped.
    pub guard: ConnectionGuard,
}

impl Connection {
    /// For protocols of many small messages: none waits for the acknowledgement of the one before.
    #[must_use]
    pub fn without_delay(self) -> Self {
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, %error, "nodelay not set");
        }
        self
    }
}

/// Up to a tenth less or more, so that connections opened together do not close together.
pub fn jittered(age: Duration) -> Duration {
    age.mul_f64(rand::rng().random_range(0.9..=1.1))
}

/// Up to a tenth more, so that what waits for connections opened together does not end together.
pub fn spread(limit: Duration) -> Duration {
    static LAST: AtomicU32 = AtomicU32::new(0);
    // Steps of the golden ratio fall evenly, and cost a request far less than chance does.
    let place = LAST.fetch_add(0x9e37_79b9, Ordering::Relaxed) >> 22;
    limit + limit / 10_240 * place
}

/// Serves a protocol until the service stops, each connection on a tracked task.
///
/// Every connection whose handshake was complete before the stop is still served: the kernel's
/// queue is emptied before the listener closes.
pub async fn serve<P: Protocol>(listener: TcpListener, limits: ConnectionLimits, protocol: P) {
    let protocol = Arc::new(protocol);
    let ServerContext {
        protocol: name,
        lifecycle,
    } = protocol.server();
    lifecycle.spawn(make_room(limits.total));
    let limiter = ConnectionLimiter::new(limits, lifecycle.memory().clone(), P::SILENT);
    lifecycle.spawn(release_memory(limiter.clone(), lifecycle.clone()));
    let metrics = &lifecycle.metrics().connections;
    // Looked up once, not for each connection.
    let (accepted, open) = (metrics.accepted(name), metrics.open(name));
    let admit = |(stream, peer): (TcpStream, SocketAddr)| {
        let peer = unmapped(peer);
        match limiter.take(peer.ip()) {
            Ok(permit) => {
                accepted.inc();
                let guard = ConnectionGuard::new(permit, open.clone());
                lifecycle.spawn(Arc::clone(&protocol).serve(Connection {
                    stream,
                    peer,
                    guard,
                }));
            }
            Err(refusal) => {
                let reason = refusal.code();
                metrics.refused(name, reason).inc();
                tracing::debug!(%peer, reason, "connection refused");
                // Written only if it fits into the socket at once: nobody waits for a refused client.
                if let Err(error) = SockRef::from(&stream).send(&protocol.refusal(refusal)) {
                    tracing::debug!(%peer, %error, "refusal not written");
                }
            }
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
                metrics.refused(name, "accept").inc();
                tracing::warn!(%error, protocol = name, "connections cannot be accepted");
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

/// Without the form that an address of IPv4 has on a listener of IPv6: `::ffff:192.0.2.1`. Here and
/// nowhere else: whatever compares, counts or shows addresses gets them so.
fn unmapped(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// Has room for the files of a crowd before it comes.
async fn make_room(connections: usize) {
    // On a thread that serves nobody, for it waits.
    let made = tokio::task::spawn_blocking(move || files::make_room(connections)).await;
    if let Ok(Err(error)) = made {
        tracing::debug!(%error, connections, "no room made for their files");
    }
}

/// Gives back the memory of a peak: the connections that stay do not need it.
async fn release_memory(limiter: ConnectionLimiter, lifecycle: Lifecycle) {
    loop {
        tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            () = limiter.shrunk() => {}
        }
        // The last connections are still being closed.
        tokio::time::sleep(AFTERWARDS).await;
        give_back(&lifecycle).await;
    }
}

const AFTERWARDS: Duration = Duration::from_secs(1);

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many connections the kernel queues for a listener, or as many as the system lets it (`somaxconn`, 4,096 on
/// Linux). Beyond, it drops who comes, who tries again after 1 s, 3 s, 7 s: of 2,000 clients that came back at
/// once to a queue of 1,024 some were away for 12 s.
pub(super) const BACKLOG: i32 = 4096;

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

/// Counts a connection as open, for its limits and for metrics, until dropped.
#[derive(Debug)]
pub struct ConnectionGuard {
    permit: ConnectionPermit,
    open: Gauge,
}

impl ConnectionGuard {
    fn new(permit: ConnectionPermit, open: Gauge) -> Self {
        open.inc();
        Self { permit, open }
    }

    /// The memory that its requests may take from: where many connections are open from its address,
    /// not the last quarter.
    pub fn memory(&self) -> &MemoryBudget {
        self.permit.memory()
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.open.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn limits_that_begin_together_do_not_end_together_nor_before_their_time() {
        let limit = Duration::from_secs(10);
        let ends: HashSet<_> = (0..100).map(|_| spread(limit)).collect();
        assert!(ends.len() > 90, "{ends:?}");
        let within = limit..=limit + limit / 10;
        assert!(ends.iter().all(|end| within.contains(end)), "{ends:?}");
    }
}

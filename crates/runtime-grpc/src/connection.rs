//! One connection, from its preface to its GOAWAY.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::Rng;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::call::{CallHandler, ConnectionContext};
use super::executor::LifecycleExecutor;
use super::limits::GrpcLimits;
use super::preface::{self, Replayed};
use runtime::Lifecycle;
use runtime::metrics::ProtocolReason;
use runtime::net::{Accepted, CoalescingWriter, InFlightToken};

/// The name of the protocol in metrics.
pub(super) const PROTOCOL: &str = "grpc";

/// What every connection of one listener shares.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) calls: Arc<CallHandler>,
    pub(super) lifecycle: Lifecycle,
}

impl Server {
    /// Serves one connection to its end, or until the drain's deadline cuts it.
    pub(super) async fn serve(self, accepted: Accepted) {
        let (mut stream, peer, _kept) = accepted.without_delay().split();
        if !self.begins_well(&mut stream, peer).await {
            return;
        }
        let shared = Arc::new(ConnectionContext {
            peer: peer.into(),
            closing: CancellationToken::new(),
            in_flight: InFlightToken::default(),
        });
        // In a box at once: hyper moves it several times before it runs, and it is large.
        let answer = service_fn(|request| {
            Box::pin(Arc::clone(&self.calls).answer(request, Arc::clone(&shared)))
        });
        let io = TokioIo::new(CoalescingWriter::answers(
            Replayed::new(stream),
            &shared.in_flight,
        ));
        let connection = self.builder().serve_connection(io, answer);
        let mut connection = pin!(connection);

        let limits = &self.calls.limits;
        let aged = tokio::select! {
            outcome = connection.as_mut() => return conclude(peer, outcome),
            () = self.lifecycle.aborted() => return self.count_cut("drain_timeout"),
            () = self.lifecycle.stopping() => false,
            () = tokio::time::sleep(jittered(limits.max_connection_age)) => true,
        };
        // GOAWAY: no new calls; those that are open go on.
        connection.as_mut().graceful_shutdown();
        if aged {
            tokio::select! {
                outcome = connection.as_mut() => return conclude(peer, outcome),
                () = self.lifecycle.stopping() => {}
                () = tokio::time::sleep(limits.max_connection_age_grace) => {}
            }
        }
        // Streams end; what remains is calls with a deadline of their own.
        shared.closing.cancel();
        // Whoever does not even take the GOAWAY is not waited for, once nothing is open.
        let silent = async {
            loop {
                tokio::time::sleep(LAST_WORDS).await;
                if Arc::strong_count(&shared) == 1 {
                    return;
                }
            }
        };
        tokio::select! {
            outcome = connection.as_mut() => conclude(peer, outcome),
            () = self.lifecycle.aborted() => self.count_cut("drain_timeout"),
            () = silent => self.count_cut("silent"),
            () = tokio::time::sleep(limits.request_timeout + LAST_WORDS), if aged => {
                self.count_cut("max_connection_age_grace");
            }
        }
    }

    fn builder(&self) -> http2::Builder<LifecycleExecutor> {
        let limits: &GrpcLimits = &self.calls.limits;
        let max_header = u32::try_from(limits.max_header.as_u64()).unwrap_or(u32::MAX);
        // The drain waits for its streams.
        let mut builder = http2::Builder::new(LifecycleExecutor(self.lifecycle.clone()));
        builder
            .timer(TokioTimer::new())
            .auto_date_header(false) // no caller of gRPC asks for the time
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_header_list_size(max_header)
            .keep_alive_interval(limits.keepalive_interval)
            .keep_alive_timeout(limits.keepalive_timeout);
        builder
    }

    /// Whether what comes is HTTP/2, and in time.
    async fn begins_well(&self, stream: &mut TcpStream, peer: SocketAddr) -> bool {
        let silence = async {
            self.lifecycle.stopping().await;
            tokio::time::sleep(SILENCE).await;
        };
        let preface = tokio::select! {
            biased;
            preface = timeout(self.calls.limits.handshake_timeout, preface::read(stream)) => preface,
            () = silence => return false,
        };
        match preface {
            Ok(Ok(true)) => true,
            Ok(Ok(false)) => {
                self.count_cut("not_http2");
                let told = timeout(LAST_WORDS, async {
                    stream.write_all(preface::NOT_HTTP2).await?;
                    stream.shutdown().await
                });
                if let Ok(Err(error)) = told.await {
                    tracing::debug!(%peer, %error, "the client is gone");
                }
                false
            }
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "connection ended before its preface");
                false
            }
            Err(_) => {
                self.count_cut("handshake_timeout");
                false
            }
        }
    }

    fn count_cut(&self, reason: &'static str) {
        let protocol = PROTOCOL;
        let labels = ProtocolReason { protocol, reason };
        self.lifecycle
            .metrics()
            .connections
            .cut
            .get_or_create(&labels)
            .inc();
    }
}

fn conclude(peer: SocketAddr, outcome: hyper::Result<()>) {
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "connection ended early");
    }
}

/// How long after the stop a connection may stay open without having sent anything.
const SILENCE: Duration = Duration::from_millis(200);

/// For what is said at the end of a connection to be sent.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Up to a tenth less or more, so that connections opened together do not close together.
fn jittered(age: Duration) -> Duration {
    age.mul_f64(rand::rng().random_range(0.9..=1.1))
}

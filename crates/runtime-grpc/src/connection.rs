//! One connection, from its preface to its GOAWAY.

use std::borrow::Cow;
use std::error::Error;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use h2::Reason;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::call::{CallHandler, ConnectionContext};
use super::header_size;
use super::limits::GrpcLimits;
use super::preface::{self, Replayed};
use super::table::Table;
use super::turns::Turns;
use super::untaken::CallExecutor;
use runtime::memory::MemoryBudget;
use runtime::net::{
    CoalescingWriter, Connection, InFlightToken, Protocol, Refusal, ServerContext, jittered, spread,
};

/// gRPC, its calls answered by one handler.
pub(super) struct Grpc {
    pub(super) server: ServerContext,
    pub(super) calls: Arc<CallHandler>,
}

impl Protocol for Grpc {
    fn server(&self) -> &ServerContext {
        &self.server
    }

    fn refusal(&self, _: Refusal) -> Cow<'static, [u8]> {
        preface::TOO_MANY.into()
    }

    async fn serve(self: Arc<Self>, connection: Connection) {
        let Connection {
            mut stream,
            peer,
            guard,
        } = connection.without_delay();
        if !self.has_preface(&mut stream, peer).await {
            return;
        }
        let memory = guard.memory();
        let (Ok(_buffers), Ok(table)) = (memory.take(BUFFERS), Table::new(memory)) else {
            self.server.count_cut(MemoryBudget::CODE);
            return say(&mut stream, peer, preface::TOO_MANY).await;
        };
        let shared = Arc::new(ConnectionContext {
            peer: peer.into(),
            memory: memory.clone(),
            table,
            closing: CancellationToken::new(),
            in_flight: InFlightToken::default(),
            remainders: Arc::default(),
            turn: Arc::default(),
        });
        let answer =
            service_fn(|request| Arc::clone(&self.calls).answer(request, Arc::clone(&shared)));
        let stream = Turns::new(Replayed::new(stream), &shared.turn);
        let io = TokioIo::new(CoalescingWriter::answers(stream, &shared.in_flight));
        let connection = self.builder().serve_connection(io, answer);
        let mut connection = pin!(connection);

        let (limits, lifecycle) = (&self.calls.limits, self.server.lifecycle());
        let served = async {
            let why = tokio::select! {
                outcome = connection.as_mut() => return self.conclude(peer, outcome),
                () = lifecycle.stopping() => Closing::Stopping,
                () = tokio::time::sleep(jittered(limits.max_connection_age)) => Closing::Aged,
                () = shared.remainders.overdue(limits.write_timeout) => Closing::Untaken,
            };
            if why == Closing::Untaken {
                self.server.count_cut("write_timeout");
            }
            // GOAWAY: no new calls; those that are open go on.
            connection.as_mut().graceful_shutdown();
            if why != Closing::Stopping {
                tokio::select! {
                    outcome = connection.as_mut() => return self.conclude(peer, outcome),
                    () = lifecycle.stopping() => {}
                    () = tokio::time::sleep(limits.max_connection_age_grace) => {}
                }
            }
            // Streams end; what remains is calls with a deadline of their own.
            shared.closing.cancel();
            // A client that does not react to the GOAWAY is not waited for once no call is open, nor
            // is one that takes the end of its answers too slowly once nothing else is.
            let silent = async {
                loop {
                    tokio::time::sleep(LAST_WORDS).await;
                    let no_matter = match why {
                        Closing::Untaken => shared.remainders.count(),
                        Closing::Stopping | Closing::Aged => 0,
                    };
                    if Arc::strong_count(&shared) <= 1 + no_matter {
                        return;
                    }
                }
            };
            tokio::select! {
                outcome = connection.as_mut() => self.conclude(peer, outcome),
                () = silent => self.server.count_cut("silent"),
                () = tokio::time::sleep(limits.request_timeout + LAST_WORDS), if why != Closing::Stopping => {
                    self.server.count_cut("max_connection_age_grace");
                }
            }
        };
        let mut served = pin!(served);
        let in_turns = poll_fn(|cx| {
            shared.turn.begin();
            served.as_mut().poll(cx)
        });
        self.server.unless_aborted(in_turns).await;
    }
}

/// Why a connection takes no more calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// The server stops.
    Stopping,
    /// It is old enough.
    Aged,
    /// Its client takes the end of its answers too slowly.
    Untaken,
}

impl Grpc {
    fn builder(&self) -> http2::Builder<CallExecutor> {
        let limits: &GrpcLimits = &self.calls.limits;
        let max_header = header_size::on_the_wire(limits.max_header.as_u64());
        // The drain waits for its streams.
        let mut builder = http2::Builder::new(CallExecutor {
            server: self.server.clone(),
            write_timeout: limits.write_timeout,
        });
        builder
            .timer(TokioTimer::new())
            .auto_date_header(false) // no caller of gRPC asks for the time
            .max_concurrent_streams(limits.max_concurrent_streams)
            .max_header_list_size(max_header)
            // A call is refused before it is whole, and the rest of it is not its client's error.
            .max_local_error_reset_streams(None)
            .keep_alive_interval(limits.keepalive_interval)
            .keep_alive_timeout(limits.keepalive_timeout);
        builder
    }

    fn conclude(&self, peer: SocketAddr, outcome: hyper::Result<()>) {
        let Err(error) = outcome else {
            return;
        };
        if let Some(reason) = fault(&error) {
            self.server.count_cut(reason);
        }
        tracing::debug!(%peer, %error, "connection ended early");
    }

    /// Whether what comes is HTTP/2, and in time.
    async fn has_preface(&self, stream: &mut TcpStream, peer: SocketAddr) -> bool {
        let patience = spread(self.calls.limits.handshake_timeout);
        let preface = tokio::select! {
            biased;
            preface = timeout(patience, preface::read(stream)) => preface,
            () = self.server.silence_is_over() => return false,
        };
        match preface {
            Ok(Ok(true)) => true,
            Ok(Ok(false)) => {
                self.server.count_cut("not_http2");
                say(stream, peer, preface::NOT_HTTP2).await;
                false
            }
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "connection ended before its preface");
                false
            }
            Err(_) => {
                self.server.count_cut("handshake_timeout");
                false
            }
        }
    }
}

/// The last word to a client that is not served.
async fn say(stream: &mut TcpStream, peer: SocketAddr, words: &[u8]) {
    let told = timeout(LAST_WORDS, async {
        stream.write_all(words).await?;
        stream.shutdown().await
    });
    if let Ok(Err(error)) = told.await {
        tracing::debug!(%peer, %error, "the client is gone");
    }
}

/// By which fault of its client a connection was ended; none where the client or the network did.
fn fault(error: &hyper::Error) -> Option<&'static str> {
    let error: &h2::Error = error.source()?.downcast_ref()?;
    if !error.is_library() {
        return None;
    }
    Some(match error.reason()? {
        Reason::ENHANCE_YOUR_CALM => "enhance_your_calm",
        Reason::PROTOCOL_ERROR => "protocol_error",
        Reason::FLOW_CONTROL_ERROR => "flow_control_error",
        Reason::FRAME_SIZE_ERROR => "frame_size_error",
        Reason::COMPRESSION_ERROR => "compression_error",
        _ => "http2_error",
    })
}

/// What hyper keeps for a connection: its buffers, its state, and a head that has begun.
const BUFFERS: usize = 24 * 1024;

/// For the last bytes of a connection to be sent.
const LAST_WORDS: Duration = Duration::from_secs(1);

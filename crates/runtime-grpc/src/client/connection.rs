//! One HTTP/2 connection to one server.
//!
//! When it breaks, its calls fail at once. `tonic::transport::Channel` reconnects behind the calls'
//! back: calls to a server that had just gone waited, one after another, for connections to an
//! address that nobody had any more.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::Service;

use super::settings::GrpcClientSettings;
use crate::executor::LifecycleExecutor;
use runtime::Lifecycle;
use runtime::cause::innermost;
use runtime::net::{CoalescingWriter, InFlightToken};

/// How to open connections to one server.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) settings: Arc<GrpcClientSettings>,
    /// Runs the connections.
    pub(super) lifecycle: Lifecycle,
}

/// An open connection; every clone is the same one. It closes once the last clone is gone and the
/// last answer has come.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    sender: http2::SendRequest<Body>,
    /// The name that was looked up, whatever address it gave: what `:authority` says.
    authority: Authority,
    closed: CancellationToken,
    /// Each call holds a clone of the token until its answer begins, so that calls of one moment are
    /// written together. The outer `Arc` keeps clones of the connection from counting as calls.
    in_flight: Arc<InFlightToken>,
}

/// Why a connection is not there, or gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    /// It could not be opened.
    #[error("no connection to {address}: {reason}")]
    NotOpened { address: SocketAddr, reason: String },
    /// It was closed before the call went out.
    #[error("the connection was closed")]
    NotSent(#[source] hyper::Error),
    /// It broke after the call went out, or the server gave the call up.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// It broke in the middle of an answer.
    #[error("the answer broke off")]
    BrokenOff(#[source] hyper::Error),
}

impl ConnectionError {
    /// Whether it is certain that no server has seen the call.
    pub(super) fn is_unseen(&self) -> bool {
        match self {
            Self::NotOpened { .. } | Self::NotSent(_) => true,
            Self::Broken(error) => refused(error),
            Self::BrokenOff(_) => false,
        }
    }

    /// Whether other calls on the same connection go on (RFC 9113, section 5.4.2).
    fn is_of_the_call_alone(&self) -> bool {
        match self {
            Self::NotOpened { .. } | Self::NotSent(_) => false,
            Self::Broken(error) | Self::BrokenOff(error) => {
                http2_error(error).is_some_and(h2::Error::is_reset)
            }
        }
    }
}

fn http2_error(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error)?.downcast_ref()
}

/// Whether the server says that it did not look at the call (RFC 9113, sections 6.8 and 8.7).
fn refused(error: &hyper::Error) -> bool {
    http2_error(error).is_some_and(|error| {
        let reason = error.reason();
        let gone = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
        error.is_remote() && (gone || reason == Some(h2::Reason::REFUSED_STREAM))
    })
}

impl Endpoint {
    pub(super) async fn connect(&self) -> Result<Connection, ConnectionError> {
        let not_opened = |reason: String| ConnectionError::NotOpened {
            address: self.address,
            reason,
        };
        let authority = self.settings.server.to_string();
        let authority = Authority::try_from(authority).map_err(|e| not_opened(e.to_string()))?;
        // Not under the span of the call that needs it first: a connection keeps the span under
        // which it was opened, and the call's would end with the connection.
        let (endpoint, within) = (self.clone(), self.settings.connect_timeout);
        let in_flight = InFlightToken::default();
        let opener = Arc::clone(&in_flight);
        let opening = async move { timeout(within, endpoint.open(&opener)).await };
        let (sender, connection) = match self.lifecycle.spawn_without_span(opening).await {
            Ok(Ok(Ok(open))) => open,
            Ok(Ok(Err(error))) => return Err(not_opened(innermost(&*error))),
            Ok(Err(_)) => return Err(not_opened("no answer in time".to_owned())),
            Err(error) => return Err(not_opened(error.to_string())),
        };
        let closed = CancellationToken::new();
        let ended = closed.clone().drop_guard();
        self.lifecycle.spawn_without_span(async move {
            let _ended = ended;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to a server broke");
            }
        });
        Ok(Connection {
            sender,
            authority,
            closed,
            in_flight: Arc::new(in_flight),
        })
    }

    async fn open(
        &self,
        in_flight: &InFlightToken,
    ) -> Result<Open, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut builder = http2::Builder::new(LifecycleExecutor(self.lifecycle.clone()));
        builder
            .timer(TokioTimer::new())
            // For streams, which no deadline ends when their server vanishes.
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(self.settings.health_timeout)
            .max_header_list_size(MAX_HEADERS);
        Ok(builder
            .handshake(TokioIo::new(CoalescingWriter::requests(stream, in_flight)))
            .await?)
    }
}

type Open = (
    http2::SendRequest<Body>,
    http2::Connection<TokioIo<CoalescingWriter<TcpStream>>, Body, LifecycleExecutor>,
);

/// Between two pings of a connection that has calls under way.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// Bytes of an answer's headers and trailers together.
const MAX_HEADERS: u32 = 16 * 1024;

const USER_AGENT: &str = concat!("malha/", env!("CARGO_PKG_VERSION"));

impl Connection {
    /// Sends a call, and waits for the head of its answer.
    pub(super) async fn send(
        mut self,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Incoming>, ConnectionError> {
        let _in_flight = InFlightToken::clone(&self.in_flight);
        *request.uri_mut() = self.full(request.uri());
        let agent = HeaderValue::from_static(USER_AGENT);
        request.headers_mut().insert(header::USER_AGENT, agent);
        let answer = self.sender.try_send_request(request).await;
        answer.map_err(|mut failed| {
            let error = match failed.take_message() {
                Some(_) => ConnectionError::NotSent(failed.into_error()),
                None => ConnectionError::Broken(failed.into_error()),
            };
            self.failed(&error);
            error
        })
    }

    /// A call failed. Unless only the call itself ended, the connection takes no more.
    pub(super) fn failed(&self, error: &ConnectionError) {
        if !error.is_of_the_call_alone() {
            self.closed.cancel();
        }
    }

    fn full(&self, of: &Uri) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        let root = || PathAndQuery::from_static("/");
        parts.path_and_query = Some(of.path_and_query().cloned().unwrap_or_else(root));
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Waits until it takes no more calls. Those under way may go on.
    pub(super) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_cancelled() || self.sender.is_closed()
    }
}

/// For generated clients.
impl Service<http::Request<Body>> for Connection {
    type Response = http::Response<Incoming>;
    type Error = ConnectionError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

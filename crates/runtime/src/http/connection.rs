//! One HTTP/1.1 connection, from its first byte to its last.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use bytesize::ByteSize;
use futures_util::FutureExt;
use http_body_util::Limited;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::Instant;

use super::body::{DeadlineBody, GuardedBody};
use super::hold_back::HoldBack;
use super::limits::HttpLimits;
use super::observe::{Answer, Observer, Peer, RequestRecord};
use super::phase::{Phase, SharedPhase};
use super::proxy::ProxySettings;
use super::timed_io::{Expired, TimedIo};
use super::timer::PhaseTimer;
use super::{answer, head, problem};
use crate::net::{Connection, Protocol, Refusal, ServerContext, jittered};
use crate::trace::Span;

/// HTTP/1.1 with these routes and limits.
pub(super) struct Http {
    pub(super) server: ServerContext,
    pub(super) routes: Router,
    /// Where requests have spans and metrics.
    pub(super) observer: Option<Observer>,
    pub(super) limits: HttpLimits,
    /// Who may be in front of it.
    pub(super) proxies: Option<ProxySettings>,
}

impl Protocol for Http {
    // Measured: hyper makes its buffers at once, 13 KiB with the rest. Where crowds come one after another, the
    // allocator does not use at once what the one before has left, and it is 20.
    const SILENT: usize = 20 * 1024;

    fn server(&self) -> &ServerContext {
        &self.server
    }

    fn refusal(&self, refusal: Refusal) -> Cow<'static, [u8]> {
        let answer = match refusal {
            Refusal::NoMemory => problem::no_memory(),
            Refusal::TooMany | Refusal::TooManyFromAddress => problem::no_room(),
        };
        answer.into()
    }

    async fn serve(self: Arc<Self>, connection: Connection) {
        let Connection {
            stream,
            peer,
            guard,
        } = connection.without_delay();
        let lifecycle = self.server.lifecycle();
        let phase = SharedPhase::new(guard.memory().clone());
        let io = TimedIo::new(stream, self.limits, phase.clone(), guard);
        let expired = io.expired();
        let peer = Peer::new(peer);
        let old = Instant::now() + jittered(self.limits.max_connection_age);

        let service = service_fn(|request: Request<Incoming>| {
            phase.set(Phase::Active);
            self.respond(request, phase.clone(), &peer, old)
        });

        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None) // there is a timer for each phase
            .max_buf_size(bytes(self.limits.max_header_bytes))
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let mut timer = PhaseTimer::new(self.limits, phase.clone());

        let served = async {
            let outcome = tokio::select! {
                biased;
                outcome = poll_fn(|cx| drive(connection.as_mut(), &phase, &mut timer, cx)) => outcome,
                () = lifecycle.stopping() => {
                    // What has arrived is read before anything is decided.
                    tokio::task::yield_now().await;
                    if let Some(outcome) = connection.as_mut().now_or_never() {
                        return self.conclude(peer.address, &expired, Ok(outcome));
                    }
                    // A request that has begun to arrive is answered, and its answer closes.
                    if !matches!(phase.get(), Phase::Head | Phase::Active | Phase::Closing) {
                        connection.as_mut().graceful_shutdown();
                    }
                    tokio::select! {
                        biased;
                        outcome = poll_fn(|cx| drive(connection.as_mut(), &phase, &mut timer, cx)) => outcome,
                        () = self.until_silent(&phase) => return,
                    }
                }
            };
            self.conclude(peer.address, &expired, outcome);
        };
        self.server.unless_aborted(served).await;
    }
}

impl Http {
    /// The answer to a request, on a connection that is old from some time on.
    async fn respond(
        &self,
        request: Request<Incoming>,
        phase: SharedPhase,
        peer: &Peer,
        old: Instant,
    ) -> Result<Response<GuardedBody<Body, ActiveRequest>>, Infallible> {
        let mut active = ActiveRequest {
            phase,
            then: Phase::Idle,
            record: None,
        };
        active.phase.turn().await;
        active.phase.held_back().await;
        active.phase.set_unread(false);
        let max_body = bytes(self.limits.max_body_bytes);
        let size = request.body().size_hint();
        let announced = size.upper();
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                return Body::empty(); // as most requests have, and it costs nothing
            }
            let phase = active.phase.clone();
            let body = DeadlineBody::new(body, self.limits.body_timeout, phase);
            Body::new(Limited::new(body, max_body))
        });
        if announced != Some(0) {
            DefaultBodyLimit::disable().apply(&mut request); // it has one already
        }
        let refused = head::refused(&request, self.limits.max_header_bytes.as_u64());
        head::normalize(request.uri_mut());
        if let Some(proxies) = &self.proxies {
            add_forwarded(proxies, peer.address, &mut request);
        }
        let is_refused = refused.is_some();
        let mut response = if let Some(refusal) = refused {
            self.server.count_cut(refusal.reason);
            refusal.answer
        } else if usize::try_from(size.lower()).is_ok_and(|size| size > max_body) {
            self.server.count_cut("body_too_large"); // no route hears of it
            (StatusCode::PAYLOAD_TOO_LARGE, "length limit exceeded").into_response()
        } else {
            self.answer(request, peer, &mut active).await
        };
        if let Some(why) = active.phase.given_up() {
            // Whatever the handler made of a body that it could not read.
            self.server.count_cut(why.code());
            response = why.answer();
        }
        // hyper reads the rest of a small body; beyond that it closes, which the client should know.
        let is_unread = active.phase.is_unread() && announced.is_none_or(|size| size > SMALL);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            active.then = Phase::Upgraded;
        } else if is_refused
            || is_unread
            || self.server.lifecycle().is_draining()
            || Instant::now() >= old
        {
            // Said with an answer, so that the client never sends into a closed connection.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        if let Some(HoldBack(pause)) = response.extensions_mut().remove() {
            active.phase.hold_back(Instant::now() + pause);
        }
        answer::count(&mut response, &active.phase, &self.server).await;
        if let Some(record) = &mut active.record {
            record.answered(response.status());
        }
        Ok(response.map(|body| GuardedBody::new(body, active)))
    }

    /// What the routes answer, observed where requests are.
    fn answer(&self, request: Request<Body>, peer: &Peer, active: &mut ActiveRequest) -> Answer {
        let span = match &self.observer {
            Some(observer) => active.record.insert(observer.begin(&request, peer)).span(),
            None => Span::none(),
        };
        Answer::of(self.routes.clone(), request, span)
    }

    /// Counts why the connection was ended early, if this side did it.
    fn conclude(&self, peer: SocketAddr, expired: &Expired, outcome: Outcome) {
        if let Err(reason) = outcome {
            expired.set(reason);
        }
        match (expired.reason(), outcome) {
            (Some(reason), _) => self.server.count_cut(reason),
            (None, Ok(Err(error))) => tracing::debug!(%peer, %error, "connection ended early"),
            (None, _) => {}
        }
    }

    /// Returns for a connection on which nothing ever came: hyper would wait for its first request.
    async fn until_silent(&self, phase: &SharedPhase) {
        self.server.silence_is_over().await;
        if phase.get() != Phase::Fresh {
            std::future::pending::<()>().await;
        }
    }
}

fn bytes(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

/// How hyper ended a connection, or which limit was passed before it did.
type Outcome = Result<hyper::Result<()>, &'static str>;

/// Lets a connection go on.
fn drive(
    connection: Pin<&mut impl Future<Output = hyper::Result<()>>>,
    phase: &SharedPhase,
    timer: &mut PhaseTimer,
    cx: &mut Context<'_>,
) -> Poll<Outcome> {
    phase.begin_turn();
    match connection.poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Ok(outcome)),
        Poll::Pending => timer.poll(cx).map(Err),
    }
}

/// Adds what proxies say, and takes away the path that they put in front.
fn add_forwarded(proxies: &ProxySettings, peer: SocketAddr, request: &mut Request<Body>) {
    let mut forwarded = proxies.read(peer.ip(), request.headers());
    forwarded.lacks_slash = forwarded.root_path.is(request.uri());
    forwarded.root_path.strip(request.uri_mut());
    request.extensions_mut().insert(forwarded);
}

/// A body that may still come with its head: the least that hyper's buffer takes.
const SMALL: u64 = 8 * 1024;

/// Moves the connection on once the answer is sent, or given up.
struct ActiveRequest {
    phase: SharedPhase,
    /// `Idle`, or `Upgraded` where the answer switches protocols.
    then: Phase,
    /// Where it is observed.
    record: Option<RequestRecord>,
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.phase.set(self.then);
    }
}

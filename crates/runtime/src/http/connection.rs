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
use axum::extract::{ConnectInfo, DefaultBodyLimit};
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use futures_util::FutureExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::Instant;
use tower::ServiceExt;
use tower_http::limit::RequestBodyLimit;

use super::body::{DeadlineBody, GuardedBody};
use super::limits::HttpLimits;
use super::phase::{GivenUp, Phase, SharedPhase};
use super::proxy::ProxySettings;
use super::timed_io::{Expired, TimedIo};
use super::{answer, head, problem};
use crate::net::{Connection, Protocol, Refusal, ServerContext, jittered};

/// HTTP/1.1 with these routes and limits.
pub(super) struct Http {
    pub(super) server: ServerContext,
    pub(super) routes: Router,
    pub(super) limits: HttpLimits,
    /// Who may be in front of it.
    pub(super) proxies: Option<ProxySettings>,
}

impl Protocol for Http {
    // Measured: hyper makes its buffers at once.
    const SILENT: usize = 12 * 1024;

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
        let old = Instant::now() + jittered(self.limits.max_connection_age);

        let max_body = self.limits.max_body_bytes.as_u64();
        let max_body = usize::try_from(max_body).unwrap_or(usize::MAX);
        let max_head = self.limits.max_header_bytes.as_u64();
        let service = service_fn(|request: Request<Incoming>| {
            phase.set(Phase::Active);
            let (phase, lifecycle) = (phase.clone(), lifecycle.clone());
            let routes = self.routes.clone();
            let (server, body_timeout) = (&self.server, self.limits.body_timeout);
            let proxies = self.proxies.as_ref();
            async move {
                let mut active = ActiveRequest {
                    phase,
                    then: Phase::Idle,
                };
                active.phase.turn().await;
                active.phase.set_unread(false);
                let announced = request.body().size_hint().upper();
                let mut request = request.map(|body| {
                    if body.is_end_stream() {
                        return Body::empty(); // as most requests have, and it costs nothing
                    }
                    Body::new(DeadlineBody::new(body, body_timeout, active.phase.clone()))
                });
                request.extensions_mut().insert(ConnectInfo(peer));
                if announced != Some(0) {
                    request.extensions_mut().insert(active.phase.clone());
                }
                let refused = head::refused(&request, max_head);
                head::normalize(request.uri_mut());
                if let Some(proxies) = proxies {
                    add_forwarded(proxies, peer, &mut request);
                }
                let is_refused = refused.is_some();
                let mut response = if let Some(refusal) = refused {
                    server.count_cut(refusal.reason);
                    refusal.answer
                } else if announced == Some(0) {
                    let Ok(response) = routes.oneshot(request).await;
                    response
                } else {
                    Box::pin(bounded(routes, max_body, request, server)).await
                };
                if let Some(why) = active.phase.given_up() {
                    response = given_up(why, response, server);
                }
                // hyper reads the rest of a small body; beyond that it closes, which the client
                // should know.
                let is_unread =
                    active.phase.is_unread() && announced.is_none_or(|size| size > SMALL);
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    active.then = Phase::Upgraded;
                } else if is_refused
                    || is_unread
                    || lifecycle.is_draining()
                    || Instant::now() >= old
                {
                    // Said with an answer, so that the client never sends into a closed connection.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(keep(response, active, server).await)
            }
        });

        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None) // `TimedIo` has a timer for each phase
            .max_buf_size(usize::try_from(max_head).unwrap_or(usize::MAX))
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut connection = pin!(connection);

        let served = async {
            let outcome = tokio::select! {
                outcome = poll_fn(|cx| drive(connection.as_mut(), &phase, cx)) => outcome,
                () = lifecycle.stopping() => {
                    // What has arrived is read before anything is decided.
                    tokio::task::yield_now().await;
                    if let Some(outcome) = connection.as_mut().now_or_never() {
                        return self.conclude(peer, &expired, outcome);
                    }
                    // A request that has begun to arrive is answered, and its answer closes.
                    if !matches!(phase.get(), Phase::Head | Phase::Active) {
                        connection.as_mut().graceful_shutdown();
                    }
                    tokio::select! {
                        outcome = poll_fn(|cx| drive(connection.as_mut(), &phase, cx)) => outcome,
                        () = self.until_silent(&phase) => return,
                    }
                }
            };
            self.conclude(peer, &expired, outcome);
        };
        self.server.unless_aborted(served).await;
    }
}

impl Http {
    fn conclude(&self, peer: SocketAddr, expired: &Expired, outcome: hyper::Result<()>) {
        match (expired.reason(), outcome) {
            (Some(reason), _) => self.server.count_cut(reason),
            (None, Err(error)) => tracing::debug!(%peer, %error, "connection ended early"),
            (None, Ok(())) => {}
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

/// Lets a connection go on.
fn drive<C: Future>(
    connection: Pin<&mut C>,
    phase: &SharedPhase,
    cx: &mut Context<'_>,
) -> Poll<C::Output> {
    phase.begin_turn();
    let polled = connection.poll(cx);
    if polled.is_pending() && phase.fell_idle_unwatched() {
        // It fell idle after its reader was asked last, which does not know yet for how long to wait.
        cx.waker().wake_by_ref();
    }
    polled
}

/// The answer to a request whose body was given up, whatever its handler made of that.
fn given_up(why: GivenUp, answer: Response<Body>, server: &ServerContext) -> Response<Body> {
    server.count_cut(why.code());
    // Where requests are observed, it is what their span says already.
    if answer.status() == why.status() {
        answer
    } else {
        why.answer()
    }
}

/// Adds what proxies say, and takes away the path that they put in front.
fn add_forwarded(proxies: &ProxySettings, peer: SocketAddr, request: &mut Request<Body>) {
    let mut forwarded = proxies.read(peer.ip(), request.headers());
    forwarded.lacks_slash = forwarded.root_path.is(request.uri());
    forwarded.root_path.strip(request.uri_mut());
    request.extensions_mut().insert(forwarded);
}

/// The answer to a request with a body, which is no longer than the limit, whoever reads it.
async fn bounded(
    routes: Router,
    max_body: usize,
    mut request: Request<Body>,
    server: &ServerContext,
) -> Response<Body> {
    let announced = request.body().size_hint().lower();
    if usize::try_from(announced).is_ok_and(|size| size > max_body) {
        server.count_cut("body_too_large"); // no route hears of it
    }
    DefaultBodyLimit::disable().apply(&mut request);
    let Ok(response) = RequestBodyLimit::new(routes, max_body)
        .oneshot(request)
        .await;
    response.map(Body::new)
}

/// A body that may still come with its head: the least that hyper's buffer takes.
const SMALL: u64 = 8 * 1024;

/// Moves the connection on once the answer is sent, or given up.
struct ActiveRequest {
    phase: SharedPhase,
    /// `Idle`, or `Upgraded` where the answer switches protocols.
    then: Phase,
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.phase.set(self.then);
    }
}

async fn keep(
    response: Response<Body>,
    active: ActiveRequest,
    server: &ServerContext,
) -> Response<GuardedBody<Body, ActiveRequest>> {
    let response = answer::counted(response, &active.phase, server).await;
    response.map(|body| GuardedBody::new(body, active))
}

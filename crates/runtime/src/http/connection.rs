//! One HTTP/1.1 connection, from its first byte to its last.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use futures_util::FutureExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rand::Rng;
use tokio::time::Instant;
use tower::ServiceExt;

use super::body::{DeadlineBody, GuardedBody};
use super::limits::HttpLimits;
use super::phase::{Phase, SharedPhase};
use super::timed_io::{Expired, TimedIo};
use crate::lifecycle::Lifecycle;
use crate::metrics::ProtocolReason;
use crate::net::Accepted;

/// What every connection of one listener shares.
#[derive(Clone)]
pub(super) struct Server {
    protocol: &'static str,
    routes: Router,
    limits: HttpLimits,
    lifecycle: Lifecycle,
}

impl Server {
    pub(super) fn new(
        protocol: &'static str,
        routes: Router,
        limits: HttpLimits,
        lifecycle: Lifecycle,
    ) -> Self {
        Self {
            protocol,
            routes,
            limits,
            lifecycle,
        }
    }

    /// Serves one connection to its end, or until the drain's deadline cuts it.
    pub(super) async fn serve(self, accepted: Accepted) {
        let (stream, peer, kept) = accepted.without_delay().split();
        let phase = SharedPhase::default();
        let io = TimedIo::new(stream, self.limits, phase.clone(), kept);
        let expired = io.expired();
        let old = Instant::now() + jittered(self.limits.max_connection_age);

        let answer = service_fn(|request: Request<Incoming>| {
            phase.set(Phase::Active);
            let (phase, lifecycle) = (phase.clone(), self.lifecycle.clone());
            let routes = self.routes.clone();
            let body_timeout = self.limits.body_timeout;
            async move {
                let mut active = ActiveRequest {
                    phase,
                    then: Phase::Idle,
                };
                let mut request = request.map(|body| {
                    if body.is_end_stream() {
                        return Body::empty(); // as most requests have, and it costs nothing
                    }
                    Body::new(DeadlineBody::new(body, body_timeout))
                });
                request.extensions_mut().insert(ConnectInfo(peer));
                let Ok(mut response) = routes.oneshot(request).await;
                if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                    active.then = Phase::Upgraded;
                } else if lifecycle.is_draining() || Instant::now() >= old {
                    // Said with an answer, so that the client never sends into a closed connection.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(keep(response, active))
            }
        });

        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None) // `TimedIo` has a timer for each phase
            .max_buf_size(usize::try_from(self.limits.max_header.as_u64()).unwrap_or(usize::MAX))
            .serve_connection(TokioIo::new(io), answer)
            .with_upgrades();
        let mut connection = pin!(connection);

        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.lifecycle.aborted() => return self.count_cut("drain_timeout"),
            () = self.lifecycle.stopping() => {
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
                    outcome = connection.as_mut() => outcome,
                    () = self.until_silent(&phase) => return,
                    () = self.lifecycle.aborted() => return self.count_cut("drain_timeout"),
                }
            }
        };
        self.conclude(peer, &expired, outcome);
    }

    fn conclude(&self, peer: SocketAddr, expired: &Expired, outcome: hyper::Result<()>) {
        match (expired.reason(), outcome) {
            (Some(reason), _) => self.count_cut(reason),
            (None, Err(error)) => tracing::debug!(%peer, %error, "connection ended early"),
            (None, Ok(())) => {}
        }
    }

    /// Ends a connection on which nothing ever came: hyper would wait for its first request.
    async fn until_silent(&self, phase: &SharedPhase) {
        tokio::time::sleep(SILENCE).await;
        if phase.get() != Phase::Fresh {
            std::future::pending::<()>().await;
        }
    }

    fn count_cut(&self, reason: &'static str) {
        let labels = ProtocolReason {
            protocol: self.protocol,
            reason,
        };
        self.lifecycle
            .metrics()
            .connections
            .cut
            .get_or_create(&labels)
            .inc();
    }
}

/// How long after the stop a connection may stay open without having sent anything.
const SILENCE: Duration = Duration::from_millis(200);

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

fn keep(
    response: Response<Body>,
    active: ActiveRequest,
) -> Response<GuardedBody<Body, ActiveRequest>> {
    response.map(|body| GuardedBody::new(body, active))
}

/// Up to a tenth less or more, so that connections opened together do not close together.
fn jittered(age: Duration) -> Duration {
    age.mul_f64(rand::rng().random_range(0.9..=1.1))
}

//! One call, from its head to its answer.

use std::collections::HashSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method as HttpMethod, Request, Response};
use hyper::body::Incoming;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tracing::{Instrument, Span};

use super::answer::{Answer, AnswerLimits, not_a_call, only, panicked};
use super::exchange::{Exchange, GrpcServerMetrics, Method, Peer};
use super::interfaces::Handlers;
use super::limits::GrpcLimits;
use super::message::LimitedBody;
use super::{status, timeout};
use runtime::deadline;
use runtime::http::GuardedBody;
use runtime::net::InFlightToken;

/// What every call of one listener shares.
pub(super) struct Calls {
    pub(super) handlers: Handlers,
    /// Methods with spans and metrics, as in `package.Service/Method`.
    pub(super) methods: HashSet<Arc<str>>,
    /// Services without, as in `grpc.health.v1.Health`: they are asked every few seconds.
    pub(super) silent: HashSet<String>,
    pub(super) places: Arc<Semaphore>,
    pub(super) limits: GrpcLimits,
    pub(super) metrics: GrpcServerMetrics,
}

/// An answer's body, which keeps its place among the calls that are open.
pub(super) type CallBody = GuardedBody<Answer, (Option<OwnedSemaphorePermit>, Arc<Connection>)>;

/// What the calls of one connection share. Each holds it to its end.
#[derive(Debug)]
pub(super) struct Connection {
    /// Whose connection it is.
    pub(super) peer: Peer,
    /// No more is taken: what is not a single answer ends.
    pub(super) closing: CancellationToken,
    /// Its clones are held by calls until their answers begin: those of a moment are sent together.
    pub(super) first: InFlightToken,
}

/// What an answer holds until it has ended.
pub(super) struct Kept {
    exchange: Option<Exchange>,
}

impl Kept {
    pub(super) fn ended(&mut self, code: Code) {
        if let Some(exchange) = &mut self.exchange {
            exchange.ended(code);
        }
    }

    pub(super) fn in_span<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.exchange {
            Some(exchange) => exchange.span.in_scope(work),
            None => work(),
        }
    }
}

impl Calls {
    /// Answers a call. What goes wrong is a status, never an error.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Result<Response<CallBody>, Infallible> {
        let began = Instant::now();
        let _sharer = Arc::clone(&connection.first);
        let mut limits = AnswerLimits {
            deadline: None,
            closing: connection.closing.clone(),
        };
        if !is_call(&request) {
            let kept = Kept { exchange: None };
            let response = not_a_call();
            let answer = |body| Answer::new(body, limits, kept);
            return Ok(response.map(|body| GuardedBody::new(answer(body), (None, connection))));
        }
        let mut kept = Kept {
            exchange: self.exchange(&request, &connection.peer),
        };
        let mut place = None;
        let span = kept
            .exchange
            .as_ref()
            .map_or_else(Span::none, |exchange| exchange.span.clone());
        let answered = async {
            let patience = patience(&request)?;
            limits.deadline = patience.map(|patience| began + patience);
            if kept.exchange.is_some() {
                place = Some(self.place()?);
            }
            let no_later = began + self.limits.request_timeout;
            let until = limits.deadline.map_or(no_later, |at| at.min(no_later));
            let work = deadline::scope(Some(until), self.handle(request));
            match timeout_at(until, AssertUnwindSafe(work).catch_unwind()).await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(_panic)) => Err(panicked()),
                Err(_) => Err(Status::deadline_exceeded("the deadline has passed")),
            }
        };
        let response = answered.instrument(span).await;
        let response = response.unwrap_or_else(|status| only(&status));
        if let Some(code) = status::code_in(response.headers()) {
            kept.ended(code);
        }
        let answer = |body| Answer::new(body, limits, kept);
        Ok(response.map(|body| GuardedBody::new(answer(body), (place, connection))))
    }

    fn exchange(&self, request: &Request<Incoming>, peer: &Peer) -> Option<Exchange> {
        let path = request.uri().path();
        let name = path.strip_prefix('/').unwrap_or(path);
        let service = name.split('/').next().unwrap_or_default();
        if self.silent.contains(service) {
            return None;
        }
        let method = match self.methods.get(name) {
            Some(known) => Method::Known(known),
            None => Method::Other(name),
        };
        Some(Exchange::begin(
            &method,
            request.headers(),
            peer,
            &self.limits.trust,
            self.metrics.clone(),
        ))
    }

    /// A place among the calls that may be open at once.
    fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let details = ErrorDetails::with_retry_info(Some(RETRY));
            let text = "too many calls are open; ask again in a moment";
            Status::with_error_details(Code::ResourceExhausted, text, details)
        })
    }

    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let limit = self.limits.max_message.as_u64();
        let request = request.map(|body| LimitedBody::new(body, limit));
        match self.handlers.of(request.uri().path()) {
            Some(handler) => {
                let Ok(response) = handler.call(request).await;
                response
            }
            None => only(&Status::unimplemented("no such service")),
        }
    }
}

/// What a caller that found no place is told to wait.
const RETRY: Duration = Duration::from_secs(1);

/// How long the caller waits, if it says so.
fn patience(request: &Request<Incoming>) -> Result<Option<Duration>, Status> {
    timeout::read(request.headers()).map_err(Status::invalid_argument)
}

/// Whether a request is a call at all.
fn is_call(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(http::header::CONTENT_TYPE);
    request.method() == HttpMethod::POST
        && content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

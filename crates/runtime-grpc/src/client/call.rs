//! One call: sent to one backend, and where that fails for the backend's sake, to another one.
//!
//! Three frames lie between a generated client and the connection: [`Service::call`] counts the
//! call, [`GrpcClient::attempts`] decides whether it is sent again, [`GrpcClient::attempt`] sends it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::response;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::DropGuard;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::attempt::{AttemptSpan, Failure, OutgoingCall, StreamBody};
use super::budget::RetryBudget;
use super::connection::ConnectionError;
use super::metrics::{CallLabels, GrpcClientMetrics, RetryLabels};
use super::pool::{PickedBackend, Pool};
use super::settings::GrpcClientSettings;
use super::status::{self, RetryDecision};
use crate::status::{code_in, name};
use runtime::trace::Instrument;

/// A client of the backends behind one name. Every clone uses the same connections.
#[derive(Clone, Debug)]
pub struct GrpcClient(pub(super) Arc<ClientInner>);

#[derive(Debug)]
pub(super) struct ClientInner {
    pub(super) pool: Arc<Pool>,
    pub(super) settings: Arc<GrpcClientSettings>,
    /// The server's host, written out once.
    pub(super) host: Arc<str>,
    pub(super) budget: RetryBudget,
    pub(super) metrics: GrpcClientMetrics,
    /// Ends the tasks that keep the connections when the last clone is dropped.
    pub(super) _ended: DropGuard,
}

/// How far an attempt's answer has come.
enum Answered {
    /// It was read to its end.
    Whole(http::Response<Body>),
    /// It has begun; the stream's end is the attempt's.
    Stream(http::Response<Incoming>, PickedBackend),
}

impl Service<http::Request<Body>> for GrpcClient {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Waiting for a backend is part of the call: its deadline bounds it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let client = self.clone();
        Box::pin(async move {
            let started = Instant::now();
            let (mut head, body) = request.into_parts();
            let options = head.extensions.remove().unwrap_or_default();
            let call = OutgoingCall {
                method: head.uri.path().trim_start_matches('/').into(),
                // One message: client streaming is not supported.
                body: body.collect().await?.to_bytes(),
                head,
                options,
            };
            client.0.budget.earn();
            let outcome = client.attempts(&call).await;
            let code = outcome
                .as_ref()
                .err()
                .map_or(Code::Ok, |failure| failure.status.code());
            let status = name(code);
            let labels = CallLabels {
                rpc_system_name: "grpc",
                rpc_method: call.method,
                rpc_status_code: status,
                error_type: if code == Code::Ok { "" } else { status },
                server_address: Arc::clone(&client.0.host),
                server_port: client.0.settings.server.port(),
            };
            client.0.metrics.calls.observe(&labels, started.elapsed());
            outcome.or_else(|failure| failure.response.ok_or(failure.status))
        })
    }
}

impl GrpcClient {
    /// Sends the call, and once more where that is safe and the budget allows.
    async fn attempts(&self, call: &OutgoingCall) -> Result<http::Response<Body>, Box<Failure>> {
        let failure = match self.attempt(call, 0, None).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        let retry = match failure.retry {
            RetryDecision::Always => true,
            RetryDecision::IfRepeatable => call.options.repeatable,
            RetryDecision::Never => false,
        };
        if !retry || Instant::now() >= call.options.deadline {
            return Err(failure);
        }
        let count = |outcome| {
            let labels = RetryLabels {
                rpc_method: Arc::clone(&call.method),
                outcome,
            };
            self.0.metrics.retries.get_or_create(&labels).inc();
        };
        // A call that reached no backend is no load on any.
        if failure.retry != RetryDecision::Always && !self.0.budget.spend() {
            count("no_budget");
            return Err(failure);
        }
        tracing::debug!(method = &*call.method, status = %failure.status, "call is retried");
        let outcome = self.attempt(call, 1, failure.backend).await;
        count(if outcome.is_ok() { "ok" } else { "failed" });
        outcome
    }

    /// Sends the call to one backend, another one than `exclude` if there is one, under a span of
    /// its own. Reads the answer to its end, or that of a stream to its beginning.
    async fn attempt(
        &self,
        call: &OutgoingCall,
        earlier: u32,
        exclude: Option<SocketAddr>,
    ) -> Result<http::Response<Body>, Box<Failure>> {
        let ClientInner {
            pool,
            settings,
            host,
            ..
        } = &*self.0;
        let mut attempt = AttemptSpan::start(call, host, settings.server.port(), earlier);
        let span = attempt.span().clone();
        let answered = async {
            // Where there is no backend, there is none to retry with either.
            let backend = pool.pick(exclude).await.map_err(|none| {
                Failure::new(Status::unavailable(none.0), RetryDecision::Never, None)
            })?;
            attempt.picked(&backend);
            let request = call.request(earlier, attempt.span());
            let sent = async {
                let connection = if call.options.stream {
                    backend.stream_connection().await?
                } else {
                    backend.unary.clone()
                };
                connection.send(request).await
            };
            let response = sent
                .await
                .map_err(|error| Failure::of_connection(&error, backend.address))?;
            let (head, body) = response.into_parts();
            if let Some(status) = Status::from_header_map(&head.headers) {
                // Trailers only: an error, or an empty stream.
                let response = http::Response::from_parts(head, Body::empty());
                return finished(status, response, &backend);
            }
            if call.options.stream {
                let response = http::Response::from_parts(head, body);
                return Ok(Answered::Stream(response, backend));
            }
            let max = usize::try_from(settings.max_answer.as_u64()).unwrap_or(usize::MAX);
            read_whole(head, body, max, &backend).await
        };
        let answered = timeout_at(call.options.deadline, answered.instrument(span)).await;
        let answered = answered.unwrap_or_else(|_| {
            let late = status::deadline_exceeded();
            Err(Failure::new(late, RetryDecision::Never, None))
        });
        match answered {
            Ok(Answered::Whole(response)) => {
                attempt.conclude(Code::Ok, "");
                Ok(response)
            }
            Ok(Answered::Stream(response, backend)) => {
                let body = |body| Body::new(StreamBody::new(body, attempt, backend));
                Ok(response.map(body))
            }
            Err(failure) => {
                attempt.conclude(failure.status.code(), failure.status.message());
                Err(failure)
            }
        }
    }
}

async fn read_whole(
    head: response::Parts,
    body: Incoming,
    max: usize,
    backend: &PickedBackend,
) -> Result<Answered, Box<Failure>> {
    let whole = match Limited::new(body, max).collect().await {
        Ok(whole) => whole,
        Err(error) => {
            return Err(if let Ok(error) = error.downcast::<hyper::Error>() {
                let error = ConnectionError::BrokenOff(*error);
                backend.unary.failed(&error);
                Failure::of_connection(&error, backend.address)
            } else {
                let text = format!("the answer is larger than {max} bytes");
                let status = Status::resource_exhausted(text);
                Failure::new(status, RetryDecision::Never, Some(backend.address))
            });
        }
    };
    // Most answers are OK, and a status would be a copy of their trailers.
    if whole.trailers().and_then(code_in) == Some(Code::Ok) {
        let response = http::Response::from_parts(head, Body::new(whole));
        return Ok(Answered::Whole(response));
    }
    let status = whole.trailers().and_then(Status::from_header_map);
    let status = status.unwrap_or_else(|| Status::unknown("the answer has no status"));
    let response = http::Response::from_parts(head, Body::new(whole));
    finished(status, response, backend)
}

fn finished(
    status: Status,
    response: http::Response<Body>,
    backend: &PickedBackend,
) -> Result<Answered, Box<Failure>> {
    if status.code() == Code::Ok {
        return Ok(Answered::Whole(response));
    }
    Err(Box::new(Failure {
        retry: status::retry_after(&status),
        status,
        backend: Some(backend.address),
        response: Some(response),
    }))
}

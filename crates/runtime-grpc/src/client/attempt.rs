//! One attempt of a call: one server, one span.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, request, response};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status as SpanStatus};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Shared;
use super::call::Call;
use super::connection::ConnectionError;
use super::pool::Picked;
use super::status::{self, Again};
use crate::status::{code_in, name};
use crate::timeout;
use runtime::trace::{self, Parent, semconv};

/// What is sent, as often as it is sent.
pub(super) struct Message {
    pub(super) head: request::Parts,
    pub(super) body: Bytes,
    /// `usuarios.v1.UsuarioService/ObterUsuario`.
    pub(super) method: Arc<str>,
    pub(super) call: Call,
}

/// An answer, or what to make of its absence.
pub(super) type Attempted = Result<http::Response<Body>, Box<Failed>>;

/// An attempt without an answer that the caller could use.
pub(super) struct Failed {
    pub(super) status: Status,
    pub(super) again: Again,
    /// The server that failed; none where there was none to ask.
    pub(super) server: Option<SocketAddr>,
    /// What the server did answer, where it did: a status with headers and details of its own.
    pub(super) answer: Option<http::Response<Body>>,
}

/// Sends the message to one server, another one than `not` if it can, and reads the answer to its
/// end; that of a stream, to its beginning.
pub(super) async fn attempt(
    shared: &Shared,
    message: &Message,
    earlier: u32,
    not: Option<SocketAddr>,
) -> Attempted {
    let attempt = Attempt::start(shared, message, earlier);
    let span = attempt.span.clone();
    let mut attempt = Some(attempt);
    let sent = exchange(shared, message, earlier, not, &mut attempt).instrument(span);
    let outcome = match timeout_at(message.call.deadline, sent).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failed::of(status::late(), Again::Never, None)),
    };
    // A stream has taken it along, and ends it itself.
    if let Some(attempt) = &mut attempt {
        match &outcome {
            Ok(_) => attempt.conclude(Code::Ok, ""),
            Err(failed) => attempt.conclude(failed.status.code(), failed.status.message()),
        }
    }
    outcome
}

impl Failed {
    fn of(status: Status, again: Again, server: Option<SocketAddr>) -> Box<Self> {
        Box::new(Self {
            status,
            again,
            server,
            answer: None,
        })
    }
}

/// The span of one attempt, which ends with this.
struct Attempt {
    span: Span,
    concluded: bool,
}

/// How often the call was sent before (gRFC A6 has the same name for the header).
const PREVIOUS_ATTEMPTS: &str = "grpc.previous_rpc_attempts";

impl Attempt {
    fn start(shared: &Shared, message: &Message, earlier: u32) -> Self {
        let (method, host) = (&message.method, &shared.host);
        let mut attributes = vec![
            KeyValue::new(semconv::RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(semconv::RPC_METHOD, Arc::clone(method)),
            KeyValue::new(semconv::SERVER_ADDRESS, Arc::clone(host)),
            KeyValue::new(
                semconv::SERVER_PORT,
                i64::from(shared.settings.server.port()),
            ),
        ];
        if earlier > 0 {
            attributes.push(KeyValue::new(PREVIOUS_ATTEMPTS, i64::from(earlier)));
        }
        Self {
            span: trace::start(SpanKind::Client, method, Parent::Current, attributes),
            concluded: false,
        }
    }

    /// Writes the outcome on the span: to a client everything but `OK` is an error.
    fn conclude(&mut self, code: Code, said: &str) {
        self.concluded = true;
        let code_name = name(code);
        self.span
            .set_attribute(semconv::RPC_RESPONSE_STATUS_CODE, code_name);
        if code != Code::Ok {
            self.span.set_attribute(semconv::ERROR_TYPE, code_name);
            self.span.set_status(SpanStatus::error(said.to_owned()));
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.concluded {
            // Whoever asked has gone, or has had enough of a stream: that is no error.
            let cancelled = name(Code::Cancelled);
            self.span
                .set_attribute(semconv::RPC_RESPONSE_STATUS_CODE, cancelled);
        }
    }
}

async fn exchange(
    shared: &Shared,
    message: &Message,
    earlier: u32,
    not: Option<SocketAddr>,
    attempt: &mut Option<Attempt>,
) -> Attempted {
    let span = Span::current();
    let picked = shared.pool.pick(not).await;
    // Nothing was sent, but there is nobody else to send it to either.
    let nobody =
        |none: super::pool::NoServer| Failed::of(Status::unavailable(none.0), Again::Never, None);
    let picked = picked.map_err(nobody)?;
    let address = picked.address;
    span.set_attribute(semconv::NETWORK_PEER_ADDRESS, Arc::clone(&picked.ip));
    span.set_attribute(semconv::NETWORK_PEER_PORT, i64::from(address.port()));

    let request = request(message, earlier, &span);
    let sent = async {
        let connection = if message.call.stream {
            picked.for_streams().await?
        } else {
            picked.for_calls.clone()
        };
        connection.send(request).await
    };
    let answer = match sent.await {
        Ok(answer) => answer,
        Err(error) => return Err(broken(&error, address)),
    };
    let (head, body) = answer.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        // No message, only trailers: the answer is an error, or an empty stream.
        return finished(status, head, Body::empty(), address);
    }
    if message.call.stream
        && let Some(attempt) = attempt.take()
    {
        let body = StreamBody {
            inner: body,
            attempt,
            picked,
        };
        return Ok(http::Response::from_parts(head, Body::new(body)));
    }
    let max = usize::try_from(shared.settings.max_answer.as_u64()).unwrap_or(usize::MAX);
    let whole = match Limited::new(body, max).collect().await {
        Ok(whole) => whole,
        Err(error) => {
            return Err(match error.downcast::<hyper::Error>() {
                Ok(error) => {
                    let error = ConnectionError::BrokenOff(*error);
                    picked.for_calls.failed(&error);
                    broken(&error, address)
                }
                Err(_) => too_large(max, address),
            });
        }
    };
    // Most answers are well, and a status would be a copy of their trailers.
    if whole.trailers().and_then(code_in) == Some(Code::Ok) {
        return Ok(http::Response::from_parts(head, Body::new(whole)));
    }
    let status = whole.trailers().and_then(Status::from_header_map);
    let status = status.unwrap_or_else(|| Status::unknown("the answer has no status"));
    finished(status, head, Body::new(whole), address)
}

fn finished(status: Status, head: response::Parts, body: Body, address: SocketAddr) -> Attempted {
    let answer = http::Response::from_parts(head, body);
    if status.code() == Code::Ok {
        return Ok(answer);
    }
    Err(Box::new(Failed {
        again: status::of_answer(&status),
        status,
        server: Some(address),
        answer: Some(answer),
    }))
}

fn broken(error: &ConnectionError, server: SocketAddr) -> Box<Failed> {
    let (status, again) = status::of_transport(error);
    Failed::of(status, again, Some(server))
}

fn too_large(max: usize, server: SocketAddr) -> Box<Failed> {
    let said = format!("the answer is larger than {max} bytes");
    Failed::of(Status::resource_exhausted(said), Again::Never, Some(server))
}

fn request(message: &Message, earlier: u32, span: &Span) -> http::Request<Body> {
    let mut head = message.head.clone();
    trace::inject(span, &mut head.headers);
    if !message.call.stream {
        let left = message
            .call
            .deadline
            .saturating_duration_since(Instant::now());
        head.headers.insert(timeout::HEADER, timeout::value(left));
    }
    if earlier > 0 {
        head.headers
            .insert("grpc-previous-rpc-attempts", HeaderValue::from(earlier));
    }
    let body = Body::new(Full::new(message.body.clone()));
    http::Request::from_parts(head, body)
}

pin_project_lite::pin_project! {
    /// A stream's messages, which keep its span and its server's load until they end.
    struct StreamBody {
        #[pin]
        inner: Incoming,
        attempt: Attempt,
        picked: Picked,
    }
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let end = match ready!(this.inner.poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let status = Status::from_header_map(trailers)
                        .unwrap_or_else(|| Status::unknown("the stream has no status"));
                    this.attempt.conclude(status.code(), status.message());
                }
                return Poll::Ready(Some(Ok(frame)));
            }
            Some(Err(error)) => {
                let error = ConnectionError::BrokenOff(error);
                Some(Err(status::of_transport(&error).0))
            }
            None => None,
        };
        if let Some(Err(status)) = &end {
            this.attempt.conclude(status.code(), status.message());
        }
        Poll::Ready(end)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

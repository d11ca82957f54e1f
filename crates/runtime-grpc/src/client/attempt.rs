//! What an attempt to make a call consists of: its request, its span, its failure, its stream.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, request};
use http_body::{Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status as SpanStatus};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};

use super::connection::ConnectionError;
use super::options::CallOptions;
use super::pool::PickedBackend;
use super::status::{self, RetryDecision};
use crate::status::name;
use crate::timeout;
use runtime::trace::{self, Parent, Span, semconv};

/// A call, kept for as long as it may be sent again.
pub(super) struct OutgoingCall {
    pub(super) head: request::Parts,
    pub(super) body: Bytes,
    /// As in `usuarios.v1.UsuarioService/ObterUsuario`.
    pub(super) method: Arc<str>,
    pub(super) options: CallOptions,
}

/// The names that gRFC A6 gives to the number of earlier attempts.
const PREVIOUS_ATTEMPTS: &str = "grpc.previous_rpc_attempts";
const PREVIOUS_ATTEMPTS_HEADER: &str = "grpc-previous-rpc-attempts";

impl OutgoingCall {
    /// The request of one attempt.
    pub(super) fn request(&self, earlier: u32, span: &Span) -> http::Request<Body> {
        let mut head = self.head.clone();
        trace::inject(span, &mut head.headers);
        if !self.options.stream {
            let deadline = self.options.deadline;
            let left = deadline.saturating_duration_since(Instant::now());
            head.headers.insert(timeout::HEADER, timeout::value(left));
        }
        if earlier > 0 {
            let earlier = HeaderValue::from(earlier);
            head.headers.insert(PREVIOUS_ATTEMPTS_HEADER, earlier);
        }
        http::Request::from_parts(head, Body::new(Full::new(self.body.clone())))
    }
}

/// Why an attempt gave no answer that the caller could use.
pub(super) struct Failure {
    pub(super) status: Status,
    pub(super) retry: RetryDecision,
    /// The backend that failed; none where there was none to ask.
    pub(super) backend: Option<SocketAddr>,
    /// What the backend answered, if it did: a status with headers and details of its own.
    pub(super) response: Option<http::Response<Body>>,
}

impl Failure {
    pub(super) fn new(
        status: Status,
        retry: RetryDecision,
        backend: Option<SocketAddr>,
    ) -> Box<Self> {
        Box::new(Self {
            status,
            retry,
            backend,
            response: None,
        })
    }

    pub(super) fn of_connection(error: &ConnectionError, backend: SocketAddr) -> Box<Self> {
        let (status, retry) = status::of_connection(error);
        Self::new(status, retry, Some(backend))
    }
}

/// The span of one attempt. It ends when this is dropped.
pub(super) struct AttemptSpan {
    span: Span,
    concluded: bool,
}

impl AttemptSpan {
    pub(super) fn start(call: &OutgoingCall, host: &Arc<str>, port: u16, earlier: u32) -> Self {
        let describe = || {
            let method = &call.method;
            let mut attributes = vec![
                KeyValue::new(semconv::RPC_SYSTEM_NAME, "grpc"),
                KeyValue::new(semconv::RPC_METHOD, Arc::clone(method)),
                KeyValue::new(semconv::SERVER_ADDRESS, Arc::clone(host)),
                KeyValue::new(semconv::SERVER_PORT, i64::from(port)),
            ];
            if earlier > 0 {
                attributes.push(KeyValue::new(PREVIOUS_ATTEMPTS, i64::from(earlier)));
            }
            (method.to_string().into(), attributes)
        };
        Self {
            span: trace::start_with(SpanKind::Client, Parent::Current, describe),
            concluded: false,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn picked(&self, backend: &PickedBackend) {
        let port = i64::from(backend.address.port());
        self.span
            .set_attribute(semconv::NETWORK_PEER_ADDRESS, Arc::clone(&backend.ip));
        self.span.set_attribute(semconv::NETWORK_PEER_PORT, port);
    }

    /// Writes the outcome on the span: to a client everything but `OK` is an error.
    pub(super) fn conclude(&mut self, code: Code, message: &str) {
        self.concluded = true;
        let code_name = name(code);
        self.span.set_attribute(semconv::RPC_STATUS_CODE, code_name);
        if code != Code::Ok {
            self.span.set_attribute(semconv::ERROR_TYPE, code_name);
            self.span.set_status(SpanStatus::error(message.to_owned()));
        }
    }
}

impl Drop for AttemptSpan {
    fn drop(&mut self) {
        if !self.concluded {
            // The caller has gone, or has had enough of a stream: that is no error.
            let cancelled = name(Code::Cancelled);
            self.span.set_attribute(semconv::RPC_STATUS_CODE, cancelled);
        }
    }
}

pin_project_lite::pin_project! {
    /// The messages of a stream. Its span and its backend's load last until it ends.
    pub(super) struct StreamBody {
        #[pin]
        inner: Incoming,
        attempt: AttemptSpan,
        backend: PickedBackend,
    }
}

impl StreamBody {
    pub(super) fn new(inner: Incoming, attempt: AttemptSpan, backend: PickedBackend) -> Self {
        Self {
            inner,
            attempt,
            backend,
        }
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
                Some(Err(status::of_connection(&error).0))
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

//! An answer's body: it ends by its deadline, ends in order when the server stops, and records how.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::body::Body;
use tonic::{Code, Status};

use super::call_record::CallGuard;
use super::{compression, status};
use runtime::deadline;
use runtime::memory::{MemoryReservation, OverBudget};

pin_project_lite::pin_project! {
    /// What a handler answers, until its deadline or the connection's end.
    ///
    /// Only streams are ever cut short: an answer of one message comes whole with its head.
    pub(super) struct ResponseBody {
        #[pin]
        inner: Body,
        // What was there with the head.
        first: [Option<Result<Frame<Bytes>, Status>>; 2],
        limits: BodyLimits,
        gzip: bool,
        until: Option<Pin<Box<Sleep>>>,
        closed: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
        // None after the end.
        guard: Option<CallGuard>,
    }
}

/// An answer's body of which the beginning, where it is there, is written out and counted.
pub(super) struct Begun {
    /// A message, and how the call ended.
    first: [Option<Result<Frame<Bytes>, Status>>; 2],
    rest: Body,
}

impl Begun {
    /// Writes out what is there. A message waits for its client as bytes, for which there is memory, and
    /// without the encoder and its buffer.
    pub(super) async fn of(
        mut body: Body,
        memory: &mut MemoryReservation,
    ) -> Result<Self, OverBudget> {
        let mut first = [None, None];
        for place in &mut first {
            if body.is_end_stream() {
                break;
            }
            match poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx))).await {
                Poll::Ready(Some(frame)) => {
                    let exact = |bytes: Bytes| Bytes::copy_from_slice(&bytes);
                    let frame = frame.map(|frame| frame.map_data(exact));
                    let bytes = frame.as_ref().ok().and_then(Frame::data_ref);
                    memory.grow(bytes.map_or(0, Bytes::len))?;
                    *place = Some(frame);
                }
                Poll::Ready(None) => {
                    body = Body::empty();
                    break;
                }
                Poll::Pending => break,
            }
        }
        let is_trailers = |frame: &Frame<Bytes>| frame.is_trailers();
        let mut frames = first.iter().flatten();
        if frames.any(|frame| frame.as_ref().is_ok_and(is_trailers)) {
            body = Body::empty();
        }
        Ok(Self { first, rest: body })
    }
}

impl From<Body> for Begun {
    fn from(rest: Body) -> Self {
        Self {
            first: [None, None],
            rest,
        }
    }
}

/// What ends an answer that has not ended by itself.
pub(super) struct BodyLimits {
    /// The caller's deadline.
    pub(super) deadline: Option<Instant>,
    /// Cancelled when the connection takes no more calls.
    pub(super) closing: CancellationToken,
}

impl ResponseBody {
    /// `gzip`: whether the head says that messages may be in gzip.
    pub(super) fn new(
        Begun { first, rest }: Begun,
        limits: BodyLimits,
        gzip: bool,
        guard: CallGuard,
    ) -> Self {
        Self {
            inner: rest,
            first,
            limits,
            gzip,
            until: None,
            closed: None,
            guard: Some(guard),
        }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.project();
        let Some(guard) = this.guard else {
            return Poll::Ready(None);
        };
        let inner = this.inner;
        let poll = || deadline::sync_scope(this.limits.deadline, || inner.poll_frame(cx));
        let polled = match this.first.iter_mut().find_map(Option::take) {
            Some(first) => Poll::Ready(Some(first)),
            None => guard.in_span(poll),
        };
        let last = match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(code) = frame.trailers_ref().and_then(status::code_in) {
                    guard.ended(code);
                    *this.guard = None;
                }
                let frame = if *this.gzip {
                    frame.map_data(compression::shortened)
                } else {
                    frame
                };
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(Some(Err(status))) => status,
            Poll::Ready(None) => {
                *this.guard = None;
                return Poll::Ready(None);
            }
            Poll::Pending => {
                let closing = &this.limits.closing;
                let closed = this
                    .closed
                    .get_or_insert_with(|| Box::pin(closing.clone().cancelled_owned()));
                if closed.as_mut().poll(cx).is_ready() {
                    Status::unavailable("the server closes this connection; ask again")
                } else if let Some(at) = this.limits.deadline
                    && this
                        .until
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)))
                        .as_mut()
                        .poll(cx)
                        .is_ready()
                {
                    Status::deadline_exceeded("the deadline has passed")
                } else {
                    return Poll::Pending;
                }
            }
        };
        guard.ended(last.code());
        *this.guard = None;
        Poll::Ready(Some(Ok(Frame::trailers(status::trailers(&last)))))
    }

    fn is_end_stream(&self) -> bool {
        let is_written = self.first.iter().all(Option::is_none);
        self.guard.is_none() || is_written && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

/// An answer that is nothing but a status, in its head ("gRPC over HTTP2", Trailers-Only).
pub(super) fn only(status: &Status) -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.headers_mut() = status::trailers(status);
    let grpc = http::HeaderValue::from_static("application/grpc");
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, grpc);
    response
}

/// The answer to what is HTTP/2 but not gRPC ("gRPC over HTTP2", Requests).
pub(super) fn not_a_call() -> http::Response<Body> {
    let mut response = http::Response::new(Body::empty());
    *response.status_mut() = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// What a handler that panicked answers: its details are in the log, not on the wire.
pub(super) fn panicked() -> Status {
    Status::new(Code::Internal, "internal error")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use runtime::memory::MemoryBudget;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_counted_before_its_client_takes_it_and_comes_as_it_was() {
        let message = vec![b'x'; 5000];
        let body = || Body::new(http_body_util::Full::new(Bytes::from(message.clone())));
        let budget = MemoryBudget::of(9000);
        let mut memory = budget.reservation();
        let begun = Begun::of(body(), &mut memory).await.unwrap();
        assert_eq!(budget.held(), 5000);
        let refused = Begun::of(body(), &mut budget.reservation()).await;
        assert_eq!(refused.map(drop), Err(OverBudget));
        let limits = BodyLimits {
            deadline: None,
            closing: CancellationToken::new(),
        };
        let answer = ResponseBody::new(begun, limits, false, CallGuard::unobserved());
        let taken = answer.collect().await.unwrap().to_bytes();
        assert_eq!(taken, message);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_there_yet_is_not_waited_for() {
        let never = futures_util::stream::pending::<Result<Frame<Bytes>, Status>>();
        let body = Body::new(http_body_util::StreamBody::new(never));
        let budget = MemoryBudget::of(0);
        let begun = Begun::of(body, &mut budget.reservation()).await;
        assert!(begun.is_ok_and(|begun| begun.first.iter().all(Option::is_none)));
    }
}

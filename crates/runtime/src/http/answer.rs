//! What an answer holds of the memory for connections and requests, until its client has taken it.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::phase::SharedPhase;
use super::problem;
use crate::memory::{MemoryBudget, OverBudget};
use crate::net::ServerContext;

/// Most answers are no longer. They fit into what the connection is counted with anyway, and cost nothing.
const SMALL: u64 = 2 * 1024;

/// Counts an answer; where there is no memory for what is there of it, it becomes a refusal.
pub(super) async fn count(response: &mut Response, phase: &SharedPhase, server: &ServerContext) {
    let size = response.body().size_hint().upper();
    if size.is_some_and(|size| size <= SMALL) {
        return;
    }
    let mut body = CountedBody {
        inner: mem::take(response.body_mut()),
        first: Poll::Pending,
        phase: phase.clone(),
    };
    if body.begin().await.is_ok() {
        *response.body_mut() = Body::new(body);
    } else {
        server.count_cut(MemoryBudget::CODE);
        *response = problem::no_memory_for_request();
    }
}

/// A body whose pieces are counted as they are handed over. Whoever writes them says when they are sent.
struct CountedBody {
    inner: Body,
    /// What was there with the head: a piece, the end, or why there is none.
    first: Poll<Option<Result<Frame<Bytes>, AnswerError>>>,
    phase: SharedPhase,
}

/// Why an answer ended early.
#[derive(Debug, thiserror::Error)]
enum AnswerError {
    #[error(transparent)]
    Answer(#[from] axum::Error),
    #[error(transparent)]
    NoMemory(#[from] OverBudget),
}

impl CountedBody {
    /// Takes what is there already, while the client can still be told that there is no memory for it.
    async fn begin(&mut self) -> Result<(), OverBudget> {
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut *self).poll_frame(cx))).await;
        if let Poll::Ready(Some(Err(AnswerError::NoMemory(over)))) = first {
            return Err(over);
        }
        self.first = first;
        Ok(())
    }

    fn count(&self, frame: &Frame<Bytes>) -> Result<(), OverBudget> {
        match frame.data_ref() {
            // What others have too, or lies in the program, is there anyway.
            Some(data) if data.is_unique() => self.phase.answered(data.len()),
            _ => Ok(()),
        }
    }
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        if let first @ Poll::Ready(_) = mem::replace(&mut self.first, Poll::Pending) {
            return first;
        }
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)?) else {
            return Poll::Ready(None);
        };
        self.count(&frame)?;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_pending() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.inner.size_hint();
        let first = match &self.first {
            Poll::Ready(Some(Ok(first))) => first.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint.set_lower(rest.lower().saturating_add(first));
        hint
    }
}

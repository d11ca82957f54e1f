//! Bodies with a limit in time, and bodies that say when they are done.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::phase::{GivenUp, SharedPhase};
use crate::memory::OverBudget;

pin_project_lite::pin_project! {
    /// A request's body that fails once it has taken too long as a whole, or there is no memory for it.
    ///
    /// A limit between two pieces would let one byte every few seconds go on for ever.
    pub(super) struct DeadlineBody<B> {
        #[pin]
        inner: B,
        limit: Duration,
        sleep: Option<Pin<Box<Sleep>>>,
        phase: SharedPhase,
    }
}

/// Why reading a request's body was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body took longer than {0:?}")]
    Deadline(Duration),
    #[error("the body could not be read: {0}")]
    Read(#[source] hyper::Error),
    #[error(transparent)]
    NoMemory(OverBudget),
}

impl<B> DeadlineBody<B> {
    /// The connection counts as unread until the body has come to its end.
    pub(super) fn new(inner: B, limit: Duration, phase: SharedPhase) -> Self {
        phase.set_unread(true);
        Self {
            inner,
            limit,
            sleep: None,
            phase,
        }
    }
}

impl<B: Body<Data = Bytes, Error = hyper::Error>> Body for DeadlineBody<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut this = self.project();
        if let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) {
            if frame.is_none() || this.inner.is_end_stream() {
                this.phase.set_unread(false);
            }
            let more = !this.inner.is_end_stream();
            let held = |frame: Frame<Bytes>| match frame.into_data() {
                Ok(data) => {
                    this.phase.body_came(data.len())?;
                    Ok(Frame::data(if more { let_go(data) } else { data }))
                }
                Err(trailers) => Ok(trailers),
            };
            return Poll::Ready(frame.map(|frame| {
                let frame = frame.map_err(BodyError::Read)?;
                held(frame).map_err(BodyError::NoMemory)
            }));
        }
        // Most bodies come with their head, so that no timer is made for them.
        let limit = *this.limit;
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(sleep.as_mut().poll(cx));
        this.phase.give_up(GivenUp::TooSlow);
        Poll::Ready(Some(Err(BodyError::Deadline(limit))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Lets go of the buffer that a small piece is a part of. hyper reads each into one of 8 KiB, and
/// whoever sends bytes one by one would have one kept for each of them.
fn let_go(piece: Bytes) -> Bytes {
    if piece.len() < SMALL {
        Bytes::copy_from_slice(&piece)
    } else {
        piece
    }
}

/// From this on a piece is worth its buffer.
const SMALL: usize = 2048;

pin_project_lite::pin_project! {
    /// A body that holds a value until it has been sent or dropped.
    pub(super) struct GuardedBody<B, T> {
        #[pin]
        inner: B,
        guard: T,
    }
}

impl<B, T> GuardedBody<B, T> {
    /// The body, and what lives as long as it does.
    pub(super) fn new(inner: B, guard: T) -> Self {
        Self { inner, guard }
    }
}

impl<B: Body, T> Body for GuardedBody<B, T> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::memory::MemoryBudget;

    /// Pieces of one buffer, after which more may come.
    struct Pieces(Bytes, usize);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            let size = self.1;
            let whole = !self.0.is_empty();
            let piece = whole.then(|| self.0.split_to(size));
            Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn small_pieces_of_a_body_do_not_keep_the_buffers_that_they_came_in() {
        for (size, keeps) in [(1, false), (SMALL, true)] {
            let buffer = Bytes::from(vec![b'a'; 2 * SMALL]);
            let phase = SharedPhase::new(MemoryBudget::default());
            let body = Pieces(buffer.clone(), size);
            let mut body = DeadlineBody::new(body, Duration::from_hours(1), phase);
            let next = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let piece = next.unwrap().unwrap().into_data().unwrap();
            drop(body);
            assert_eq!(piece, buffer[..size]);
            assert_eq!(!buffer.is_unique(), keeps, "{size}");
        }
    }
}

//! An answer's body that holds what its call has until the last of it is sent.
//!
//! A client decides by its windows when it takes an answer. HTTP/2 takes a whole message as soon as one
//! is open by a byte, and keeps it; so each piece holds what its call has, and not the body alone.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use super::remainders::Remainder;
use super::untaken;

pin_project_lite::pin_project! {
    /// A body that holds a value until it has been sent or dropped.
    pub(super) struct HeldBody<B, T> {
        #[pin]
        inner: B,
        held: Arc<Held<T>>,
    }

    impl<B, T> PinnedDrop for HeldBody<B, T> {
        fn drop(this: Pin<&mut Self>) {
            // Whoever ran the call is done with it: what is left are pieces.
            this.project().held.remainder.begin();
        }
    }
}

struct Held<T> {
    _value: T,
    remainder: Remainder,
}

/// A piece of an answer, which HTTP/2 drops when it is sent.
pub(super) struct Piece<T> {
    bytes: Bytes,
    _held: Arc<Held<T>>,
}

impl<B, T> HeldBody<B, T> {
    pub(super) fn new(inner: B, value: T, remainder: Remainder) -> Self {
        let held = Arc::new(Held {
            _value: value,
            remainder,
        });
        Self { inner, held }
    }
}

impl<B: Body<Data = Bytes>, T> Body for HeldBody<B, T> {
    type Data = Piece<T>;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece<T>>, B::Error>>> {
        let this = self.project();
        let polled = this.inner.poll_frame(cx);
        untaken::note(&polled);
        let piece = |bytes| Piece {
            bytes,
            _held: Arc::clone(this.held),
        };
        polled.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<T> Buf for Piece<T> {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn what_a_call_has_is_held_until_each_piece_is_sent() {
        let inner = Full::new(Bytes::from_static(b"a message"));
        let remainders = Arc::default();
        let mut body = HeldBody::new(inner, (), Remainder::of(&remainders));
        let held = Arc::downgrade(&body.held);
        let piece = body.frame().await.unwrap().unwrap().into_data();
        let mut piece = piece.unwrap_or_else(|_| panic!("a piece comes first"));
        assert!(body.frame().await.is_none());
        assert_eq!(remainders.count(), 0);
        drop(body);
        assert_eq!(piece.copy_to_bytes(9), "a message");
        assert!(held.upgrade().is_some());
        assert_eq!(remainders.count(), 1);
        drop(piece);
        assert!(held.upgrade().is_none());
        assert_eq!(remainders.count(), 0);
    }
}

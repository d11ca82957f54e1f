//! A request's body that refuses messages beyond the limit by their announced length.
//!
//! tonic has a limit of its own, but says `OUT_OF_RANGE`, which means something else to our callers;
//! and it counts only what it decodes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tonic::Status;

use super::refusal::no_memory;
use super::turns::Turn;
use runtime::memory::MemoryReservation;

/// A compression flag and a length of four bytes ("gRPC over HTTP2", Length-Prefixed-Message).
pub(super) const PREFIX: usize = 5;

pin_project_lite::pin_project! {
    /// A body whose messages are no longer than a limit, and for which there is memory.
    pub struct LimitedBody<B> {
        #[pin]
        inner: B,
        messages: Messages,
        memory: MemoryReservation,
        turn: Arc<Turn>,
    }
}

/// How far the messages have been followed.
#[derive(Debug)]
struct Messages {
    limit: u64,
    prefix: [u8; PREFIX],
    prefix_read: usize,
    /// Of the message under way.
    left: u64,
    /// How long the message under way is.
    length: u64,
}

impl Messages {
    fn follow(&mut self, mut bytes: &[u8]) -> Result<(), Status> {
        while !bytes.is_empty() {
            let skipped =
                usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            bytes = &bytes[skipped..];
            self.left -= skipped as u64;
            while self.left == 0 && self.prefix_read < PREFIX {
                let Some((first, rest)) = bytes.split_first() else {
                    return Ok(());
                };
                self.prefix[self.prefix_read] = *first;
                self.prefix_read += 1;
                bytes = rest;
            }
            if self.prefix_read == PREFIX {
                let [_, length @ ..] = self.prefix;
                self.length = u64::from(u32::from_be_bytes(length));
                (self.left, self.prefix_read) = (self.length, 0);
                if self.left > self.limit {
                    return Err(Status::resource_exhausted(format!(
                        "the message has {} bytes, more than the {} that this server takes",
                        self.left, self.limit
                    )));
                }
            }
        }
        Ok(())
    }

    /// How much has come of a message that is not whole.
    fn waiting(&self) -> usize {
        match self.left {
            0 => 0,
            left => usize::try_from(self.length - left).unwrap_or(usize::MAX),
        }
    }
}

impl<B> LimitedBody<B> {
    /// A body that counts what waits for the rest of its message. Its connection is heard less for a turn
    /// when it is broken off.
    pub(super) fn new(inner: B, limit: u64, memory: MemoryReservation, turn: &Arc<Turn>) -> Self {
        let messages = Messages {
            limit,
            prefix: [0; PREFIX],
            prefix_read: 0,
            left: 0,
            length: 0,
        };
        Self {
            inner,
            messages,
            memory,
            turn: Arc::clone(turn),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for LimitedBody<B>
where
    B::Error: Into<tonic::codegen::StdError>,
{
    type Data = Bytes;
    type Error = tonic::codegen::StdError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        Poll::Ready(match ready!(this.inner.poll_frame(cx)) {
            None => None,
            Some(Err(error)) => {
                this.turn.refuse();
                Some(Err(error.into()))
            }
            Some(Ok(frame)) => {
                let followed = match frame.data_ref() {
                    Some(data) => this.messages.follow(data),
                    None => Ok(()),
                };
                let held = followed.and_then(|()| {
                    let waiting = this.messages.waiting();
                    this.memory.resize(waiting).map_err(no_memory)
                });
                Some(held.map(|()| frame).map_err(Into::into))
            }
        })
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
    use std::io;

    use http_body_util::{BodyExt, StreamBody};
    use runtime::memory::MemoryBudget;

    use super::*;

    fn messages(limit: u64) -> Messages {
        let memory = MemoryBudget::default().reservation();
        LimitedBody::new((), limit, memory, &Arc::default()).messages
    }

    fn follow(pieces: &[&[u8]], limit: u64) -> Result<(), Status> {
        let mut messages = messages(limit);
        pieces.iter().try_for_each(|piece| messages.follow(piece))
    }

    #[test]
    fn messages_are_told_apart_however_they_are_cut() {
        let mut stream = vec![];
        for length in [0_u8, 3, 8, 1] {
            stream.extend([0, 0, 0, 0, length]);
            stream.extend(vec![0xff; usize::from(length)]);
        }
        for size in 1..=stream.len() {
            let pieces: Vec<_> = stream.chunks(size).collect();
            assert!(follow(&pieces, 8).is_ok(), "{size}");
            assert!(follow(&pieces, 7).is_err(), "{size}");
        }
    }

    #[test]
    fn only_what_waits_for_the_rest_of_its_message_is_held() {
        let mut messages = messages(1024);
        for (piece, waiting) in [
            (&[0, 0, 0][..], 0),
            (&[0, 4, 1, 2, 3], 3),
            (&[4], 0),
            (&[0, 0, 0, 0, 1, 9, 0, 0, 0, 0, 9, 1], 1),
        ] {
            messages.follow(piece).unwrap();
            assert_eq!(messages.waiting(), waiting, "{piece:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_is_heard_less_after_a_call_that_was_broken_off() {
        let turn = Arc::<Turn>::default();
        let usual = turn.most().calls;
        let pieces = [Err::<Frame<Bytes>, _>(io::Error::other("reset"))];
        let broken_off = StreamBody::new(futures_util::stream::iter(pieces));
        let memory = MemoryBudget::default().reservation();
        let body = LimitedBody::new(broken_off, 1024, memory, &turn);
        assert!(body.collect().await.is_err());
        turn.begin();
        assert!(turn.most().calls < usual);
        turn.begin();
        assert_eq!(turn.most().calls, usual);
    }

    #[test]
    fn a_message_is_refused_by_its_length_before_it_comes() {
        let refusal = follow(&[&[0, 0xff, 0xff, 0xff, 0xff]], 1024).unwrap_err();
        assert_eq!(refusal.code(), tonic::Code::ResourceExhausted);
        assert!(
            refusal
                .message()
                .contains("4294967295 bytes, more than the 1024")
        );
    }
}

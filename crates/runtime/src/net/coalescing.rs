//! One write for the messages of many tasks that share a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose writer, while several tasks share it, yields to them once before it writes.
///
/// A task that sends on a shared connection wakes the connection's task, which the scheduler runs at
/// once: one system call for each message, of which there may be many in a moment. Here the
/// connection's task goes to the end of the run queue first, once for each flush, and what other
/// tasks send meanwhile is written with it. A task that has the connection to itself does not wait.
#[derive(Debug)]
pub struct CoalescingWriter<S> {
    stream: S,
    in_flight: Weak<()>,
    /// How many hold the token when no other task has a message in flight.
    alone: usize,
    /// Whether it has yielded since the last flush.
    yielded: bool,
}

/// Each task that shares a stream holds a clone for as long as it has a message in flight.
pub type InFlightToken = Arc<()>;

impl<S> CoalescingWriter<S> {
    /// For a server: a task drops its clone before its answer is written.
    pub fn answers(stream: S, token: &InFlightToken) -> Self {
        Self::new(stream, token, 1)
    }

    /// For a client: a task holds its clone until its answer has come.
    pub fn requests(stream: S, token: &InFlightToken) -> Self {
        Self::new(stream, token, 2)
    }

    fn new(stream: S, token: &InFlightToken, alone: usize) -> Self {
        Self {
            stream,
            in_flight: Arc::downgrade(token),
            alone,
            yielded: false,
        }
    }

    fn poll_yield(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.yielded || self.in_flight.strong_count() <= self.alone {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CoalescingWriter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CoalescingWriter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_yield(cx));
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_yield(cx));
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.yielded = false;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use testing::Wakes;

    use super::*;

    fn written(polled: Poll<io::Result<usize>>) -> Option<usize> {
        match polled {
            Poll::Ready(written) => Some(written.unwrap()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn where_several_share_it_they_have_a_turn_before_the_first_write_of_each_flush() {
        let woken = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let first = InFlightToken::default();
        let mut stream = CoalescingWriter::requests(Vec::new(), &first);
        let mut stream = Pin::new(&mut stream);
        let one = Arc::clone(&first);
        let polled = stream.as_mut().poll_write(&mut cx, b"alone");
        assert_eq!(written(polled), Some(5));
        assert!(stream.as_mut().poll_flush(&mut cx).is_ready());

        let _and_another = Arc::clone(&one);
        for flush in 1..=3 {
            assert_eq!(written(stream.as_mut().poll_write(&mut cx, b"one")), None);
            assert_eq!(woken.count(), flush, "it runs again");
            for bytes in [&b"one"[..], b"two", b"three"] {
                let polled = stream.as_mut().poll_write(&mut cx, bytes);
                assert_eq!(written(polled), Some(bytes.len()));
            }
            assert!(stream.as_mut().poll_flush(&mut cx).is_ready());
        }
        assert_eq!(stream.stream, b"aloneonetwothreeonetwothreeonetwothree");
    }

    #[test]
    fn a_server_s_task_has_dropped_its_token_and_its_connection_s_is_no_other() {
        let mut cx = Context::from_waker(Waker::noop());
        let token = InFlightToken::default();
        let mut stream = CoalescingWriter::answers(Vec::new(), &token);
        let polled = Pin::new(&mut stream).poll_write(&mut cx, b"one");
        assert_eq!(written(polled), Some(3));
        let _another = Arc::clone(&token);
        let polled = Pin::new(&mut stream).poll_write(&mut cx, b"two");
        assert_eq!(written(polled), None);
    }

    #[test]
    fn pieces_are_written_together_where_the_stream_takes_them_so() {
        let mut cx = Context::from_waker(Waker::noop());
        let token = InFlightToken::default();
        let mut stream = CoalescingWriter::answers(Vec::new(), &token);
        let _another = Arc::clone(&token);
        assert!(stream.is_write_vectored());
        let pieces = [IoSlice::new(b"one"), IoSlice::new(b"two")];
        for expected in [None, Some(6)] {
            let polled = Pin::new(&mut stream).poll_write_vectored(&mut cx, &pieces);
            assert_eq!(written(polled), expected);
        }
        assert_eq!(stream.stream, b"onetwo");
        let plain = CoalescingWriter::answers(OneByOne, &token);
        assert!(!plain.is_write_vectored());
    }

    /// Takes no pieces together.
    struct OneByOne;

    impl AsyncWrite for OneByOne {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_is_read_and_the_end_pass_through() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let (near, mut far) = tokio::io::duplex(100);
        let mut stream = CoalescingWriter::answers(near, &InFlightToken::default());
        far.write_all(b"asked").await.unwrap();
        let mut asked = [0; 5];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"asked");
        stream.write_all(b"answered").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answered = String::new();
        far.read_to_string(&mut answered).await.unwrap();
        assert_eq!(answered, "answered");
    }
}

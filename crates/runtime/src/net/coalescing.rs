//! Writes that wait for each other, for connections that many tasks share.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that, while several share it, lets every other task that can run do so before it writes.
///
/// Whoever has something to send on a shared connection wakes its task, which a scheduler runs at
/// once: one system call for each answer, of which there may be many in a moment. The task goes to
/// the end of the queue here first, once for each flush, and what the others have to send goes with
/// it. Who is alone on the connection waits for nobody.
#[derive(Debug)]
pub struct CoalescingWriter<S> {
    stream: S,
    sharers: Weak<()>,
    /// Holders, where nobody but the writer has something under way.
    alone: usize,
    /// The others had their turn since the last flush.
    waited: bool,
}

/// Those who share a stream: each holds a clone for as long as it has something under way.
pub type InFlightToken = Arc<()>;

impl<S> CoalescingWriter<S> {
    /// For answers: who writes has let go of its clone of `first`.
    pub fn answers(stream: S, first: &InFlightToken) -> Self {
        Self::new(stream, first, 1)
    }

    /// For requests: who writes holds its clone of `first` until the answer has come.
    pub fn requests(stream: S, first: &InFlightToken) -> Self {
        Self::new(stream, first, 2)
    }

    fn new(stream: S, first: &InFlightToken, alone: usize) -> Self {
        Self {
            stream,
            sharers: Arc::downgrade(first),
            alone,
            waited: false,
        }
    }

    fn let_others(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.waited || self.sharers.strong_count() <= self.alone {
            return Poll::Ready(());
        }
        self.waited = true;
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
        ready!(self.let_others(cx));
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.let_others(cx));
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        self.waited = false;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn written(polled: Poll<io::Result<usize>>) -> Option<usize> {
        match polled {
            Poll::Ready(written) => Some(written.unwrap()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn where_several_share_it_they_have_a_turn_before_the_first_write_of_each_flush() {
        let woken = Arc::new(Woken::default());
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
            assert_eq!(woken.0.load(Ordering::Relaxed), flush, "it runs again");
            for bytes in [&b"one"[..], b"two", b"three"] {
                let polled = stream.as_mut().poll_write(&mut cx, bytes);
                assert_eq!(written(polled), Some(bytes.len()));
            }
            assert!(stream.as_mut().poll_flush(&mut cx).is_ready());
        }
        assert_eq!(stream.stream, b"aloneonetwothreeonetwothreeonetwothree");
    }
}

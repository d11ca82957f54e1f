//! A stream that gives up on a client which never reads, for which there is no memory, or which speaks HTTP/2.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::limits::HttpLimits;
use super::phase::{Phase, SharedPhase};
use super::problem::{self, OwnAnswer};
use super::timer::Timer;
use crate::memory::MemoryBudget;

/// A TCP stream whose reads and writes fail with [`io::ErrorKind::TimedOut`] where it gives up.
///
/// It keeps the connection's place among the caps, so that a protocol which takes the stream over
/// takes the place with it.
#[derive(Debug)]
pub(super) struct TimedIo<K> {
    stream: TcpStream,
    limits: HttpLimits,
    phase: SharedPhase,
    write: Timer,
    expired: Expired,
    /// What goes out instead of an answer that hyper gave by itself.
    instead: Vec<u8>,
    linger: Option<Linger>,
    /// Why the head that comes is refused, where hyper is not to see its end.
    refuses: Option<&'static str>,
    _kept: K,
}

/// Which limit ended the connection, or which fault of its head, for the metric.
#[derive(Clone, Debug, Default)]
pub(super) struct Expired(std::sync::Arc<std::sync::OnceLock<&'static str>>);

impl Expired {
    pub(super) fn reason(&self) -> Option<&'static str> {
        self.0.get().copied()
    }

    /// Only the first limit to pass ends the connection, so a second one changes nothing.
    pub(super) fn set(&self, reason: &'static str) {
        let _ = self.0.set(reason);
    }

    fn error(&self, reason: &'static str) -> io::Error {
        self.set(reason);
        io::Error::new(io::ErrorKind::TimedOut, reason)
    }
}

impl<K> TimedIo<K> {
    pub(super) fn new(stream: TcpStream, limits: HttpLimits, phase: SharedPhase, kept: K) -> Self {
        Self {
            stream,
            limits,
            phase,
            write: Timer::default(),
            expired: Expired::default(),
            instead: Vec::new(),
            linger: None,
            refuses: None,
            _kept: kept,
        }
    }

    pub(super) fn expired(&self) -> Expired {
        self.expired.clone()
    }

    /// Takes an answer that hyper gives by itself, to send it with a body.
    ///
    /// hyper has nothing else to write while a head comes but the end of the last answer.
    fn take_own_answer(&mut self, bytes: &[u8]) -> bool {
        if self.phase.get() != Phase::Head || !self.instead.is_empty() {
            return false;
        }
        let Some(OwnAnswer { bytes, reason }) = problem::own_answer(bytes) else {
            return false;
        };
        self.instead = bytes;
        self.expired.set(reason);
        self.refuse(); // the rest of the head may be on its way
        true
    }

    /// The head that comes is the last, whatever else the client may be sending.
    fn refuse(&self) {
        self.phase.set(Phase::Closing);
        self.phase.set_unread(true);
    }

    /// Sends what was taken.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let outcome = Pin::new(&mut self.stream).poll_write(cx, &self.instead);
            let sent = ready!(self.watch_write(cx, outcome))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on for a while, so that a client which is still sending can finish.
    ///
    /// Closing with unread bytes resets the connection, and the client could lose the answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limits = self.limits;
        let linger = self.linger.get_or_insert_with(|| Linger::begin(&limits));
        let mut room = [0; 16 * 1024];
        for _ in 0..LINGER_READS {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let read = u64::try_from(buffer.filled().len()).unwrap_or(u64::MAX);
                    linger.left = linger.left.saturating_sub(read);
                    if linger.left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return linger.sleep.as_mut().poll(cx),
            }
        }
        cx.waker().wake_by_ref();
        linger.sleep.as_mut().poll(cx)
    }

    /// Refuses the head that comes, which hyper does not see the end of.
    fn begin_refusal(&mut self, reason: &'static str, answer: &[u8]) {
        self.refuses = Some(reason);
        self.refuse();
        // The end of the last answer may still wait for a client that does not read it.
        if !self.write.runs() {
            self.instead = answer.to_vec();
        }
    }

    /// Ends by the error that hyper is to see.
    fn poll_refusal(&mut self, reason: &'static str, cx: &mut Context<'_>) -> Poll<io::Error>
    where
        K: Unpin,
    {
        let ended = ready!(Pin::new(&mut *self).poll_shutdown(cx));
        Poll::Ready(match ended {
            Ok(()) => self.expired.error(reason),
            Err(error) => error,
        })
    }

    /// Passes a write's outcome on, unless the client has taken nothing for too long.
    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write.stop();
            return outcome;
        }
        self.write.start(self.limits.write_timeout);
        ready!(self.write.poll(cx));
        Poll::Ready(Err(self.expired.error("write_timeout")))
    }
}

impl<K: Unpin> AsyncRead for TimedIo<K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(reason) = self.refuses {
            return self.poll_refusal(reason, cx).map(Err);
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let came = buffer.filled().len() - before;
        let is_first = self.phase.get() == Phase::Fresh;
        let (reason, answer) = if came == 0 {
            return Poll::Ready(Ok(()));
        } else if is_first && buffer.filled()[before..].starts_with(problem::HTTP2) {
            ("http2", problem::not_http2())
        } else if self.phase.bytes_came(came).is_err() {
            (MemoryBudget::CODE, problem::no_memory())
        } else {
            return Poll::Ready(Ok(()));
        };
        buffer.set_filled(before);
        self.begin_refusal(reason, answer);
        self.poll_refusal(reason, cx).map(Err)
    }
}

impl<K: Unpin> AsyncWrite for TimedIo<K> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if self.take_own_answer(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        // hyper asks for it once it has nothing more to write.
        self.phase.answer_sent();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.phase.set(Phase::Closing);
        ready!(self.poll_instead(cx))?;
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.phase.is_unread() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if self.phase.get() == Phase::Head {
            let bytes = slices
                .iter()
                .map(|slice| &**slice)
                .collect::<Vec<_>>()
                .concat();
            if self.take_own_answer(&bytes) {
                return Poll::Ready(Ok(bytes.len()));
            }
        }
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch_write(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// So often what a refused client sends is read before it is the turn of others.
const LINGER_READS: usize = 4;

/// How long, and for how much, a client that was refused is read on.
#[derive(Debug)]
struct Linger {
    sleep: Pin<Box<Sleep>>,
    left: u64,
}

impl Linger {
    fn begin(limits: &HttpLimits) -> Self {
        Self {
            sleep: Box::pin(tokio::time::sleep(limits.linger_timeout)),
            left: limits.linger_bytes.as_u64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_client_of_http_2_is_told_that_it_is_at_the_wrong_port() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let phase = SharedPhase::new(MemoryBudget::default());
        let mut io = TimedIo::new(stream, HttpLimits::of_admin(), phase, ());
        client.write_all(problem::HTTP2).await.unwrap();
        client.shutdown().await.unwrap();
        let mut room = [0; 64];
        assert!(io.read(&mut room).await.is_err());
        assert_eq!(io.expired().reason(), Some("http2"));
        drop(io);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
    }

    #[tokio::test]
    async fn a_refused_client_that_sends_much_is_read_a_little_at_a_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let limits = HttpLimits::of_admin();
        let phase = SharedPhase::new(MemoryBudget::default());
        phase.set_unread(true);
        let mut io = TimedIo::new(stream, limits, phase.clone(), ());
        client.writable().await.unwrap();
        while client.try_write(&[b'x'; 16 * 1024]).is_ok() {}
        io.stream.readable().await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut io).poll_shutdown(&mut cx).is_pending());
        let read = limits.linger_bytes.as_u64() - io.linger.as_ref().unwrap().left;
        assert!((1..=64 * 1024).contains(&read), "{read}");
        assert_eq!(phase.get(), Phase::Closing, "no other limit ends it");
    }
}

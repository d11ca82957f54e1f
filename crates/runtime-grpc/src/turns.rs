//! A connection is heard in turns, each of a few frames.
//!
//! HTTP/2 reads whatever has come before hyper sees the first call of it, and keeps a place in its table
//! for each call that was open at once, to the connection's end. So it is handed a few frames at a time:
//! before the next ones come, calls for which there is no place have been refused. What is refused in one
//! turn is written together, and a client that does not take what is written is not heard.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::{Frames, Left};
use super::preface::PREFACE;

/// What is heard in one turn.
const MOST: Left = Left {
    frames: 64,
    calls: CALLS,
};

/// How many calls may begin in one turn.
pub(super) const CALLS: usize = 32;

/// What is heard in the turn after one in which a call was refused: others have calls that are served.
const FEW: Left = Left {
    frames: 8,
    calls: 4,
};

/// A turn of one connection: each time that its task runs.
#[derive(Debug, Default)]
pub(super) struct Turn {
    is_new: AtomicBool,
    has_refused: AtomicBool,
    /// Whether the one before did.
    had_refused: AtomicBool,
}

impl Turn {
    /// The connection's task runs again.
    pub(super) fn begin(&self) {
        self.is_new.store(true, Ordering::Relaxed);
        let had_refused = self.has_refused.swap(false, Ordering::Relaxed);
        self.had_refused.store(had_refused, Ordering::Relaxed);
    }

    /// What is heard in it.
    pub(super) fn most(&self) -> Left {
        if self.had_refused.load(Ordering::Relaxed) {
            FEW
        } else {
            MOST
        }
    }

    /// A call is refused, or its client breaks it off: what is written waits for the next turn, as more of
    /// them may follow.
    pub(super) fn refuse(&self) {
        self.has_refused.store(true, Ordering::Relaxed);
    }
}

/// The stream of a connection, heard in turns.
#[derive(Debug)]
pub(super) struct Turns<S> {
    stream: S,
    turn: Arc<Turn>,
    frames: Frames,
    /// What is still heard in this turn.
    left: Left,
    /// What has come, for turns to come.
    unheard: Bytes,
    /// Whether the client did not take what was written last.
    waits: bool,
    /// Whether it took something since it was heard last.
    took: bool,
}

impl<S> Turns<S> {
    /// A stream that begins with HTTP/2's preface.
    pub(super) fn new(stream: S, turn: &Arc<Turn>) -> Self {
        Self {
            stream,
            turn: Arc::clone(turn),
            frames: Frames::after(PREFACE.len()),
            left: Left::NOTHING,
            unheard: Bytes::new(),
            waits: false,
            took: false,
        }
    }

    /// Waits for a turn in which something may be heard.
    fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<()> {
        let is_deaf = self.waits && !self.took;
        if self.turn.is_new.swap(false, Ordering::Relaxed) {
            self.left = if is_deaf {
                Left::NOTHING
            } else {
                self.turn.most()
            };
            self.took = false;
        }
        if self.left.is_something() {
            return Poll::Ready(());
        }
        if !is_deaf {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Waits for the next turn where a call was refused in this one.
    fn poll_refused(&self, cx: &Context<'_>) -> Poll<()> {
        if !self.turn.has_refused.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Notes what became of a write.
    fn note(&mut self, written: &Poll<io::Result<usize>>, cx: &Context<'_>) {
        self.took |= written.is_ready();
        let waited = std::mem::replace(&mut self.waits, written.is_pending());
        if waited && written.is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Turns<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_turn(cx));
        if !this.unheard.is_empty() {
            let fits = this.unheard.len().min(buffer.remaining());
            let heard = this.frames.follow(&this.unheard[..fits], &mut this.left);
            buffer.put_slice(&this.unheard[..heard]);
            this.unheard.advance(heard);
            if this.unheard.is_empty() {
                this.unheard = Bytes::new(); // nor does it keep what it was a part of
            }
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        let read = &buffer.filled()[before..];
        let heard = this.frames.follow(read, &mut this.left);
        this.unheard = Bytes::copy_from_slice(&read[heard..]);
        buffer.set_filled(before + heard);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Turns<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_refused(cx));
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(&written, cx);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_refused(cx));
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(&written, cx);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use futures_util::FutureExt;
    use testing::Wakes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, DuplexStream, duplex};

    use super::*;
    use crate::frames::HEADERS;

    const DATA: u8 = 0;

    /// Frames of so many bytes of payload each.
    fn frames(count: usize, kind: u8, payload: u8) -> Vec<u8> {
        let head = [0, 0, payload, kind, 0, 0, 0, 0, 1];
        [&head[..], &vec![0xff; usize::from(payload)]]
            .concat()
            .repeat(count)
    }

    /// A stream on which this has come, behind a connection that takes so much at once.
    async fn come(bytes: &[u8], size: usize) -> (Turns<DuplexStream>, Arc<Turn>, DuplexStream) {
        let (near, mut far) = duplex(size);
        far.write_all(PREFACE).await.unwrap();
        far.write_all(bytes).await.unwrap();
        let turn = Arc::default();
        (Turns::new(near, &turn), turn, far)
    }

    /// How much is heard until something is waited for.
    fn heard(stream: &mut Turns<DuplexStream>) -> usize {
        let mut buffer = [0; 1000];
        let mut all = 0;
        while let Some(read) = stream.read(&mut buffer).now_or_never() {
            all += read.unwrap();
        }
        all
    }

    /// How often a connection's task is to run again, for what a stream is asked for.
    fn wakes(ask: impl FnOnce(&mut Context<'_>)) -> usize {
        let wakes = Arc::new(Wakes::default());
        ask(&mut Context::from_waker(&Waker::from(Arc::clone(&wakes))));
        wakes.count()
    }

    fn wakes_to_read(stream: &mut Turns<DuplexStream>) -> usize {
        let mut buffer = [0; 1000];
        let mut buffer = ReadBuf::new(&mut buffer);
        wakes(|cx| assert!(Pin::new(stream).poll_read(cx, &mut buffer).is_pending()))
    }

    fn wakes_to_write(stream: &mut Turns<DuplexStream>, is_taken: bool) -> usize {
        let write = |cx: &mut Context<'_>| Pin::new(stream).poll_write(cx, &[0; 100]);
        wakes(|cx| assert_eq!(write(cx).is_ready(), is_taken))
    }

    #[tokio::test]
    async fn a_few_frames_are_heard_in_each_turn_and_nothing_is_lost() {
        for (kind, most) in [(DATA, MOST.frames), (HEADERS, MOST.calls)] {
            let said = frames(2 * most + 1, kind, 3);
            let (mut stream, turn, mut far) = come(&said, 4096).await;
            assert_eq!(heard(&mut stream), 0, "before the first turn");
            for expected in [PREFACE.len() + most * 12, most * 12, 12, 0] {
                turn.begin();
                assert_eq!(heard(&mut stream), expected);
            }
            let last = frames(1, kind, 200);
            far.write_all(&last).await.unwrap();
            drop(far);
            turn.begin();
            let mut rest = vec![];
            stream.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, last);
        }
    }

    #[tokio::test]
    async fn what_is_refused_in_one_turn_is_written_in_the_next_one() {
        let (mut stream, turn, _far) = come(&[], 4096).await;
        turn.begin();
        assert!(stream.write(b"an answer").now_or_never().is_some());
        turn.refuse();
        assert!(stream.write(b"a refusal").now_or_never().is_none());
        turn.begin();
        assert!(stream.write(b"a refusal").now_or_never().is_some());
    }

    #[tokio::test]
    async fn less_is_heard_after_a_refusal() {
        let said = frames(2 * MOST.calls, HEADERS, 1);
        let (mut stream, turn, _far) = come(&said, 4096).await;
        turn.begin();
        assert_eq!(heard(&mut stream), PREFACE.len() + MOST.calls * 10);
        turn.refuse();
        for expected in [FEW, MOST] {
            turn.begin();
            let left = 2 * MOST.calls - FEW.calls - MOST.calls;
            assert_eq!(heard(&mut stream), expected.calls.min(left) * 10);
        }
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_not_heard_until_it_takes_something() {
        let (mut stream, turn, mut far) = come(&frames(1, DATA, 1), 100).await;
        turn.begin();
        assert_eq!(
            stream.write(&[0; 200]).now_or_never().unwrap().unwrap(),
            100
        );
        assert!(stream.write(&[0; 100]).now_or_never().is_none());
        // It took something since it was heard last.
        turn.begin();
        assert_eq!(heard(&mut stream), PREFACE.len() + 10);
        far.write_all(&frames(2, DATA, 1)).await.unwrap();
        for _ in 0..3 {
            turn.begin();
            assert_eq!(heard(&mut stream), 0);
            assert!(stream.write(&[0; 100]).now_or_never().is_none());
        }
        far.read_exact(&mut [0; 50]).await.unwrap();
        turn.begin();
        assert_eq!(heard(&mut stream), 0, "it is not known yet");
        assert_eq!(stream.write(&[0; 100]).now_or_never().unwrap().unwrap(), 50);
        turn.begin();
        assert_eq!(heard(&mut stream), 20);
    }

    #[tokio::test]
    async fn there_is_a_next_turn_where_something_is_left_and_the_client_takes_what_is_written() {
        let (mut stream, turn, mut far) = come(&frames(1, DATA, 1), 100).await;
        assert_eq!(
            wakes_to_read(&mut stream),
            1,
            "it may hear in the next turn"
        );
        turn.begin();
        assert_eq!(wakes_to_write(&mut stream, true), 0);
        assert_eq!(heard(&mut stream), PREFACE.len() + 10);
        assert_eq!(wakes_to_write(&mut stream, false), 0);
        turn.begin();
        assert_eq!(wakes_to_read(&mut stream), 0, "its client takes nothing");
        far.read_exact(&mut [0; 100]).await.unwrap();
        assert_eq!(wakes_to_write(&mut stream, true), 1, "it is heard again");
        turn.refuse();
        assert_eq!(wakes_to_write(&mut stream, false), 1, "it is written then");
    }

    #[tokio::test]
    async fn what_is_written_arrives_in_pieces_too_and_so_does_the_end() {
        let (near, mut far) = duplex(100);
        let mut stream = Turns::new(BufWriter::new(near), &Arc::default());
        assert!(stream.is_write_vectored());
        let pieces = [io::IoSlice::new(b"an "), io::IoSlice::new(b"answer")];
        assert_eq!(stream.write_vectored(&pieces).await.unwrap(), 9);
        stream.flush().await.unwrap();
        let mut read = [0; 9];
        let read = far.read_exact(&mut read).now_or_never();
        assert_eq!(read.unwrap().unwrap(), 9);
        stream.shutdown().await.unwrap();
        let end = far.read(&mut [0; 9]).now_or_never();
        assert_eq!(end.unwrap().unwrap(), 0);
    }
}

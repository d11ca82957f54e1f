//! The line to one client: its socket, and the frames that wait for it.
//!
//! The room hands a line frames and never waits. They are written by one of the
//! [writers](super::writers), which go from line to line, so that an entry for thousands wakes a
//! task or two and not thousands. Where the network does not take a frame at once, the line's own
//! session is woken and writes on as it does, so that nobody waits for a slow client.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::flush::FlushWorker;
use super::member::Eviction;

/// A connection that has become a WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The line to one client, shared by its session, the room and a writer.
pub struct ClientConnection {
    /// Frames that may wait.
    limit: usize,
    writer: Arc<FlushWorker>,
    state: Mutex<State>,
}

struct State {
    stream: Box<dyn Stream>,
    /// Whole frames.
    waiting: VecDeque<Bytes>,
    /// How much of the first one is written.
    written: usize,
    writes: Writes,
    /// Why the room has ended it.
    ending: Option<Eviction>,
    /// The session, which reads, and writes where the network is slow.
    session: Option<Waker>,
}

/// Who writes what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// Nobody has to.
    Nobody,
    /// It is on a writer's list.
    FlushWorker,
    /// The session, as the network takes it.
    Session,
    /// Only what says goodbye: nothing more is handed on.
    Goodbye,
}

/// At most so many frames are written at once.
const AT_ONCE: usize = 64;

/// At most so many bytes are read at once.
const READ: usize = 4096;

/// A queue that grew larger than this is given back when it is empty.
const KEPT: usize = 8;

impl ClientConnection {
    /// A line with nothing on it.
    pub(super) fn new(
        stream: Box<dyn Stream>,
        limit: usize,
        writer: Arc<FlushWorker>,
    ) -> Arc<Self> {
        Arc::new(Self {
            limit,
            writer,
            state: Mutex::new(State {
                stream,
                waiting: VecDeque::new(),
                written: 0,
                writes: Writes::Nobody,
                ending: None,
                session: None,
            }),
        })
    }

    /// Hands it a frame to be written soon. False if it has been ended: one on which as many wait as
    /// may is, for it would otherwise miss a frame and not know it.
    pub(super) fn enqueue(self: &Arc<Self>, frame: Bytes) -> bool {
        let mut state = self.lock();
        if state.ending.is_some() || state.writes == Writes::Goodbye {
            return false;
        }
        if state.waiting.len() >= self.limit {
            state.end(Eviction::TooSlow);
            return false;
        }
        state.waiting.push_back(frame);
        if state.writes == Writes::Nobody {
            state.writes = Writes::FlushWorker;
            drop(state);
            self.writer.schedule(Arc::clone(self));
        }
        true
    }

    /// What comes before all that is handed. The session writes it.
    pub(super) fn send_first(&self, frames: Bytes) {
        let mut state = self.lock();
        if !frames.is_empty() {
            state.waiting.push_front(frames);
            state.writes = Writes::Session;
        }
    }

    /// Ends it for the room's part; its session says goodbye.
    pub(super) fn end(&self, ending: Eviction) {
        self.lock().end(ending);
    }

    /// Writes what waits, as far as the network takes it at once.
    pub(super) fn write(&self) {
        let mut state = self.lock();
        if state.writes != Writes::FlushWorker {
            return;
        }
        state.writes = Writes::Nobody;
        // Nobody waits here. An error is left to the session too, which will see it.
        let written = state.poll_write(&mut Context::from_waker(Waker::noop()));
        if !matches!(written, Poll::Ready(Ok(()))) {
            state.writes = Writes::Session;
            state.wake_session();
        }
    }

    /// Waits until the room ends it.
    pub(crate) async fn evicted(&self) -> Eviction {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            state.ending.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Waits for bytes, which `take` gets; false at their end. Where the network has not taken what
    /// was handed, that is written first: who does not read is not heard.
    pub(crate) async fn read(&self, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            ready!(state.poll_write_own(cx))?;
            // Here and not in the line: most are silent.
            let mut space = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut state.stream).poll_read(cx, &mut buffer))?;
            drop(state);
            take(buffer.filled());
            Poll::Ready(Ok(!buffer.filled().is_empty()))
        })
        .await
    }

    /// Writes a frame of the session's own behind what waits, and waits until it is written.
    pub(crate) async fn send(&self, frame: Bytes) -> io::Result<()> {
        {
            let mut state = self.lock();
            state.waiting.push_back(frame);
            state.writes = Writes::Session;
        }
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            state.poll_write_own(cx)
        })
        .await
    }

    /// Writes a last frame and ends the writing half. What waits is written before it, or, but for
    /// a frame that has begun, dropped.
    pub(crate) async fn close(&self, frame: Bytes, drops: bool) -> io::Result<()> {
        {
            let mut state = self.lock();
            if drops {
                let begun = usize::from(state.written > 0);
                state.waiting.truncate(begun);
            }
            state.waiting.push_back(frame);
            state.writes = Writes::Goodbye;
        }
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            ready!(state.poll_write(cx))?;
            Pin::new(&mut state.stream).poll_shutdown(cx)
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every method leaves it whole, so a panic elsewhere cannot have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&mut self, ending: Eviction) {
        self.ending.get_or_insert(ending);
        self.wake_session();
    }

    fn wake_session(&mut self) {
        if let Some(session) = self.session.take() {
            session.wake();
        }
    }

    fn register(&mut self, cx: &Context<'_>) {
        match &mut self.session {
            Some(session) => session.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    /// Writes where that is the session's part.
    fn poll_write_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.writes == Writes::Session {
            ready!(self.poll_write(cx))?;
            self.writes = Writes::Nobody;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.waiting.front() {
            let stream = Pin::new(&mut self.stream);
            let written = if self.waiting.len() == 1 {
                stream.poll_write(cx, &first[self.written..])
            } else {
                let mut slices = [IoSlice::new(&[]); AT_ONCE];
                for (slice, frame) in slices.iter_mut().zip(&self.waiting) {
                    *slice = IoSlice::new(frame);
                }
                slices[0] = IoSlice::new(&first[self.written..]);
                let count = self.waiting.len().min(AT_ONCE);
                stream.poll_write_vectored(cx, &slices[..count])
            };
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.count(written);
        }
        if self.waiting.capacity() > KEPT {
            self.waiting = VecDeque::new();
        }
        Poll::Ready(Ok(()))
    }

    /// So many bytes are written.
    fn count(&mut self, bytes: usize) {
        self.written += bytes;
        while let Some(first) = self.waiting.front() {
            if self.written < first.len() {
                return;
            }
            self.written -= first.len();
            self.waiting.pop_front();
        }
    }
}

impl std::fmt::Debug for ClientConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientConnection").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

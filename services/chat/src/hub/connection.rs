//! One client's connection: its socket, the queue of frames before it, and the workers that write
//! what waits there.
//!
//! The room queues frames and never waits. A [worker](FlushWorker) writes them, so that an entry
//! for thousands wakes a task or two and not thousands. Where the network does not take a frame at
//! once, the connection's own session is woken and writes on. So nobody waits for a slow client.
//!
//! There is one worker for each thread of the runtime, and each connection has its own. A worker
//! goes from connection to connection. What was queued meanwhile is written with the rest, by one
//! call: the busier the room, the fewer calls for each delivery.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

use super::room::Eviction;
use super::send_queue::{MAX_SLICES, SendQueue};

/// A connection that has become a WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// One client's connection, shared by its session, the room and a worker.
pub struct ClientConnection {
    worker: Arc<FlushWorker>,
    state: Mutex<State>,
}

struct State {
    stream: Box<dyn Stream>,
    queue: SendQueue,
    writer: Writer,
    eviction: Option<Eviction>,
    /// The session, which reads, and writes where the network is slow.
    session: Option<Waker>,
}

/// Who writes what is queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// Nobody: nothing is queued.
    None,
    /// The worker: the connection is scheduled.
    Worker,
    /// The session, as the network takes it.
    Session,
    /// The session, which closes: nothing more is queued.
    Closing,
}

/// At most so many bytes are read at once.
const READ: usize = 4096;

impl ClientConnection {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        limit: usize,
        worker: Arc<FlushWorker>,
    ) -> Arc<Self> {
        Arc::new(Self {
            worker,
            state: Mutex::new(State {
                stream,
                queue: SendQueue::new(limit),
                writer: Writer::None,
                eviction: None,
                session: None,
            }),
        })
    }

    /// Queues a frame. False where the connection is evicted or closing. A client whose queue is
    /// full is evicted: it would otherwise miss a frame and not know it.
    pub(super) fn enqueue(self: Arc<Self>, frame: Bytes) -> bool {
        let mut state = self.lock();
        if state.eviction.is_some() || state.writer == Writer::Closing {
            return false;
        }
        if !state.queue.push(frame) {
            state.evict(Eviction::TooSlow);
            return false;
        }
        let is_idle = state.writer == Writer::None;
        if is_idle {
            state.writer = Writer::Worker;
        }
        drop(state);
        if is_idle {
            let worker = Arc::clone(&self.worker);
            worker.schedule(self);
        }
        true
    }

    /// Puts frames before all that is queued. The session writes them.
    pub(super) fn send_first(&self, frames: Bytes) {
        let mut state = self.lock();
        if !frames.is_empty() {
            state.queue.push_first(frames);
            state.writer = Writer::Session;
        }
    }

    /// Asks the session to close the connection. The first reason stays.
    pub(super) fn evict(&self, eviction: Eviction) {
        self.lock().evict(eviction);
    }

    /// Waits until the room evicts the client.
    pub(crate) async fn evicted(&self) -> Eviction {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            state.eviction.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Waits for bytes, which `take` gets; false at their end. Where the network has not taken what
    /// is queued, that is written first: a client that does not read is not heard.
    pub(crate) async fn read(&self, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            ready!(state.poll_write_own(cx))?;
            // On the stack and not in the connection: most clients are silent.
            let mut space = [MaybeUninit::uninit(); READ];
            let mut buffer = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut state.stream).poll_read(cx, &mut buffer))?;
            drop(state);
            take(buffer.filled());
            Poll::Ready(Ok(!buffer.filled().is_empty()))
        })
        .await
    }

    /// Queues an answer and waits until it is written.
    pub(crate) async fn send(&self, frame: Bytes) -> io::Result<()> {
        {
            let mut state = self.lock();
            state.queue.push_unlimited(frame);
            state.writer = Writer::Session;
        }
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            state.poll_write_own(cx)
        })
        .await
    }

    /// Writes what the network did not take at once, for a session that does not read. Ends only by
    /// an error.
    pub(crate) async fn keep_writing(&self) -> io::Error {
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.register(cx);
            match ready!(state.poll_write_own(cx)) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(error),
            }
        })
        .await
    }

    /// Writes a last frame. What is queued is written before it, or, where `drops` says so, dropped
    /// but for a frame that has begun.
    pub(crate) async fn close(&self, frame: Bytes, drops: bool) -> io::Result<()> {
        {
            let mut state = self.lock();
            if drops {
                state.queue.clear_unstarted();
            }
            state.queue.push_unlimited(frame);
            state.writer = Writer::Closing;
        }
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            state.poll_write(cx)
        })
        .await
    }

    /// Ends the writing half.
    pub(crate) async fn shut_down(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| Pin::new(&mut self.lock().stream).poll_shutdown(cx)).await
    }

    /// Writes what is queued, as far as the network takes it at once.
    fn flush(&self) {
        let mut state = self.lock();
        if state.writer != Writer::Worker {
            return;
        }
        state.writer = Writer::None;
        // A worker waits for nobody. It leaves an error to the session too, which will see it.
        let written = state.poll_write(&mut Context::from_waker(Waker::noop()));
        if !matches!(written, Poll::Ready(Ok(()))) {
            state.writer = Writer::Session;
            state.wake_session();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every method leaves it whole, so a panic elsewhere cannot have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn evict(&mut self, eviction: Eviction) {
        self.eviction.get_or_insert(eviction);
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
        if self.writer == Writer::Session {
            ready!(self.poll_write(cx))?;
            self.writer = Writer::None;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(first) = self.queue.first() {
            let stream = Pin::new(&mut self.stream);
            let written = if self.queue.len() == 1 {
                stream.poll_write(cx, first)
            } else {
                let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                let count = self.queue.fill(&mut slices);
                stream.poll_write_vectored(cx, &slices[..count])
            };
            let written = ready!(written)?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.queue.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Debug for ClientConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientConnection").finish_non_exhaustive()
    }
}

/// The workers of a room.
#[derive(Debug)]
pub(super) struct FlushWorkers {
    all: Vec<Arc<FlushWorker>>,
    next: AtomicUsize,
}

/// One worker, and the connections that are scheduled for it.
#[derive(Debug, Default)]
pub(super) struct FlushWorker {
    scheduled: Mutex<Vec<Arc<ClientConnection>>>,
    notify: Notify,
}

/// After so many connections a worker lets other tasks run, above all those that read.
const TURN: usize = 32;

impl FlushWorkers {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Handle::try_current();
        let threads = runtime.map_or(1, |runtime| runtime.metrics().num_workers());
        Self {
            all: (0..threads).map(|_| Arc::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<FlushWorker>> {
        self.all.iter()
    }

    /// The worker of the next connection: each gets as many as the others.
    pub(super) fn pick(&self) -> Arc<FlushWorker> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.all[next % self.all.len()])
    }
}

impl FlushWorker {
    /// Has a connection flushed soon.
    fn schedule(&self, connection: Arc<ClientConnection>) {
        let mut scheduled = self.lock();
        scheduled.push(connection);
        if scheduled.len() == 1 {
            self.notify.notify_one();
        }
    }

    /// Takes what is scheduled, and leaves an empty list in its place.
    fn take(&self, list: &mut Vec<Arc<ClientConnection>>) {
        std::mem::swap(&mut *self.lock(), list);
    }

    /// Flushes whatever is scheduled, for ever.
    pub(super) async fn run(&self) {
        let mut list = Vec::new();
        loop {
            self.notify.notified().await;
            self.take(&mut list);
            for (number, connection) in list.drain(..).enumerate() {
                if number % TURN == TURN - 1 {
                    tokio::task::yield_now().await;
                }
                connection.flush();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<ClientConnection>>> {
        self.scheduled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

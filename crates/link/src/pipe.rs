//! One direction of one connection: what is read is shaped and written.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use crate::shaper::{Shaper, Step};
use crate::tap::{ConnectionId, Direction, Tap};
use crate::toxic::Toxic;

/// The toxics of a link, replaced as a whole.
pub(crate) type Toxics = Arc<[Toxic]>;

/// How a direction came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PipeEnd {
    /// The end was passed on; the other direction goes on.
    Finished,
    /// A fault closes the connection.
    Close,
    /// A side or a fault resets it.
    Reset,
}

/// What a direction is part of.
pub(crate) struct PipeContext<'a> {
    pub(crate) connection: ConnectionId,
    pub(crate) direction: Direction,
    pub(crate) toxics: watch::Receiver<Toxics>,
    pub(crate) tap: &'a dyn Tap,
}

/// As much as is read at once.
const PIECE: usize = 16 * 1024;

/// With so much waiting, the sender waits too.
const MOST_QUEUED: usize = 256 * 1024;

/// Passes bytes on until their end.
pub(crate) async fn pipe(
    mut read: ReadHalf<'_>,
    mut write: WriteHalf<'_>,
    context: PipeContext<'_>,
) -> PipeEnd {
    let mut toxics = context.toxics.clone();
    let mut shaper = Shaper::new(
        &context.of_this_direction(&mut toxics),
        Instant::now(),
        SmallRng::from_os_rng(),
    );
    let mut has_ended = false;
    loop {
        let due = shaper.due();
        tokio::select! {
            biased;
            changed = toxics.changed() => {
                if changed.is_err() {
                    return PipeEnd::Close; // the link is gone
                }
                shaper.change(&context.of_this_direction(&mut toxics), Instant::now());
            }
            () = until(due), if due.is_some() => {
                while let Some(step) = shaper.next(Instant::now()) {
                    match carry_out(step, &mut write).await {
                        Ok(None) => {}
                        Ok(Some(end)) => return end,
                        Err(_) => return PipeEnd::Reset,
                    }
                }
            }
            came = poll_fn(|cx| context.pass(&mut read, &write, shaper.is_clear(), cx)),
                if !has_ended && shaper.queued() < MOST_QUEUED =>
            {
                let Ok(bytes) = came else {
                    return PipeEnd::Reset;
                };
                if bytes.is_empty() {
                    has_ended = true;
                    context.tap.finished(context.connection, context.direction);
                    shaper.finish(Instant::now());
                } else if !shaper.is_clear() {
                    shaper.push(bytes, Instant::now());
                } else if write.write_all(&bytes).await.is_err() {
                    return PipeEnd::Reset;
                }
            }
        }
    }
}

thread_local! {
    /// Where bytes are read to: connections that say nothing hold no memory, and those that do
    /// allocate none.
    static PLACE: RefCell<[u8; PIECE]> = const { RefCell::new([0; PIECE]) };
}

impl PipeContext<'_> {
    fn of_this_direction(&self, toxics: &mut watch::Receiver<Toxics>) -> Vec<Toxic> {
        let toxics = toxics.borrow_and_update();
        let here = toxics.iter().filter(|toxic| toxic.stream == self.direction);
        here.cloned().collect()
    }

    /// Passes pieces on for as long as no fault strikes and the receiver takes them at once. Comes
    /// to an end with what is to be done otherwise; empty: the sender has ended.
    fn pass(
        &self,
        read: &mut ReadHalf<'_>,
        write: &WriteHalf<'_>,
        is_clear: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Bytes>> {
        PLACE.with_borrow_mut(|place| {
            loop {
                let mut piece = ReadBuf::new(place);
                ready!(Pin::new(&mut *read).poll_read(cx, &mut piece))?;
                let bytes = piece.filled();
                if bytes.is_empty() {
                    return Poll::Ready(Ok(Bytes::new()));
                }
                self.tap.sent(self.connection, self.direction, bytes);
                let passed = if is_clear { at_once(write, bytes)? } else { 0 };
                let rest = bytes.get(passed..).unwrap_or_default();
                if !rest.is_empty() {
                    return Poll::Ready(Ok(Bytes::copy_from_slice(rest)));
                }
            }
        })
    }
}

/// Writes as much as is taken now.
fn at_once(write: &WriteHalf<'_>, bytes: &[u8]) -> io::Result<usize> {
    match write.try_write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due.into()).await;
    }
}

async fn carry_out(step: Step, write: &mut WriteHalf<'_>) -> io::Result<Option<PipeEnd>> {
    match step {
        Step::Send(bytes) => write.write_all(&bytes).await.map(|()| None),
        Step::Finish => {
            write.shutdown().await?;
            Ok(Some(PipeEnd::Finished))
        }
        Step::Close => Ok(Some(PipeEnd::Close)),
        Step::Reset => Ok(Some(PipeEnd::Reset)),
    }
}

//! One direction of one connection: what is read is shaped and written.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::io::AsyncWriteExt;
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
    mut context: PipeContext<'_>,
) -> PipeEnd {
    let toxics = context.of_this_direction();
    let mut shaper = Shaper::new(&toxics, Instant::now(), SmallRng::from_os_rng());
    let mut has_ended = false;
    loop {
        let due = shaper.due();
        tokio::select! {
            biased;
            changed = context.toxics.changed() => {
                if changed.is_err() {
                    return PipeEnd::Close; // the link is gone
                }
                shaper.change(&context.of_this_direction(), Instant::now());
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
            came = read_piece(&mut read), if !has_ended && shaper.queued() < MOST_QUEUED => {
                let Ok(bytes) = came else {
                    return PipeEnd::Reset;
                };
                if bytes.is_empty() {
                    has_ended = true;
                    context.tap.finished(context.connection, context.direction);
                    shaper.finish(Instant::now());
                    continue;
                }
                context.tap.sent(context.connection, context.direction, &bytes);
                if !shaper.is_clear() {
                    shaper.push(bytes, Instant::now());
                } else if write.write_all(&bytes).await.is_err() {
                    return PipeEnd::Reset;
                }
            }
        }
    }
}

impl PipeContext<'_> {
    fn of_this_direction(&mut self) -> Vec<Toxic> {
        let toxics = self.toxics.borrow_and_update();
        let here = toxics.iter().filter(|toxic| toxic.stream == self.direction);
        here.cloned().collect()
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

/// What has come; nothing is allocated while nothing has. Empty: the sender has ended.
async fn read_piece(read: &mut ReadHalf<'_>) -> io::Result<Bytes> {
    loop {
        read.readable().await?;
        let mut piece = BytesMut::with_capacity(PIECE);
        match read.try_read_buf(&mut piece) {
            Ok(_) => return Ok(piece.freeze()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

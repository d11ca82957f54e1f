//! One connection of a server, from its first byte to its last: a request, an answer, the end.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::incoming::{Incoming, Step, Wait};
use super::metrics::TcpServerMetrics;
use super::request_record::RequestRecord;
use super::try_io;
use super::{Answer, Procedure, RequestRefusal, TcpLimits};
use runtime::memory::MemoryBudget;
use runtime::net::{Connection, Protocol, Refusal, ServerContext, spread};

/// One request and one answer a connection, by a procedure.
pub(super) struct OneRequest<P> {
    pub(super) server: ServerContext,
    pub(super) procedure: P,
    pub(super) limits: TcpLimits,
    pub(super) metrics: TcpServerMetrics,
}

/// Why the server may cut a connection. Their counters are made before a peak of connections, whose
/// memory could not be given back below them.
pub(super) const CUTS: [&str; 5] = [
    "drain_timeout",
    "first_byte_timeout",
    "linger_timeout",
    MemoryBudget::CODE,
    "write_timeout",
];

/// How a connection begins.
enum FirstRead {
    /// With bytes, with none if the input ended at once, or with an error.
    Read(io::Result<usize>),
    /// Nothing came in time.
    Silent,
    /// Nothing came before the service stopped.
    Stopped,
}

impl<P: Procedure> Protocol for OneRequest<P> {
    fn server(&self) -> &ServerContext {
        &self.server
    }

    fn refusal(&self, refusal: Refusal) -> Cow<'static, [u8]> {
        let text = self.procedure.refuse(RequestRefusal::Busy(refusal));
        text.into_bytes().into()
    }

    async fn serve(self: Arc<Self>, connection: Connection) {
        let Connection {
            mut stream,
            peer,
            guard,
        } = connection;
        let mut first = [0; FIRST];
        let read = match self.first_bytes(&mut stream, &mut first).await {
            FirstRead::Read(read) => read,
            FirstRead::Silent => return self.give_up_on_silence(&mut stream).await,
            FirstRead::Stopped => return, // a client that sent nothing loses nothing
        };
        let read = match read {
            Ok(0) => return self.answer_nothing(&mut stream).await,
            Ok(read) => read,
            Err(error) => return tracing::debug!(%peer, %error, "gone without a byte"),
        };
        let Ok(_held) = guard.memory().take(REQUEST) else {
            return self.give_up_for_memory(&mut stream).await;
        };
        // Boxed, so that a silent connection does not hold the memory of a request.
        let served = Box::pin(async {
            let mut record = RequestRecord::begin::<P>(peer, self.metrics.clone());
            let outcome = self.handle_request(&mut stream, &first[..read], &mut record);
            match outcome.await {
                Ok(outcome) => record.conclude(outcome),
                Err(error) => record.broken(&error),
            }
        });
        self.server.unless_aborted(served).await;
    }
}

impl<P: Procedure> OneRequest<P> {
    async fn first_bytes(&self, stream: &mut TcpStream, first: &mut [u8; FIRST]) -> FirstRead {
        if let Some(read) = try_io::read(stream, first) {
            return FirstRead::Read(read);
        }
        tokio::select! {
            biased;
            read = stream.read(first) => FirstRead::Read(read),
            () = tokio::time::sleep(spread(self.limits.first_byte_timeout)) => FirstRead::Silent,
            () = self.server.silence_is_over() => FirstRead::Stopped,
        }
    }

    async fn give_up_on_silence(&self, stream: &mut TcpStream) {
        self.server.count_cut(RequestRefusal::Silent.code());
        let text = self.procedure.refuse(RequestRefusal::Silent);
        if let Err(error) = self.write(stream, &text).await {
            tracing::debug!(%error, "the client is gone");
        }
    }

    async fn give_up_for_memory(&self, stream: &mut TcpStream) {
        self.server.count_cut(MemoryBudget::CODE);
        let text = self
            .procedure
            .refuse(RequestRefusal::Busy(Refusal::NoMemory));
        match self.write(stream, &text).await {
            Ok(()) => Box::pin(self.linger(stream)).await,
            Err(error) => tracing::debug!(%error, "the client is gone"),
        }
    }

    /// The input ended at once. That is answered, and is no request: load balancers look so whether
    /// somebody listens.
    async fn answer_nothing(&self, stream: &mut TcpStream) {
        let answer = self.procedure.answer(&[]);
        if let Err(error) = self.write(stream, &answer.text).await {
            tracing::debug!(%error, "the client is gone");
        }
    }

    /// Reads a request, answers it, and returns how it went.
    async fn handle_request(
        &self,
        stream: &mut TcpStream,
        first: &[u8],
        record: &mut RequestRecord,
    ) -> io::Result<&'static str> {
        let mut incoming = Incoming::default();
        incoming.buffer().extend_from_slice(first);
        let refused = self.read_request(stream, &mut incoming, record).await;
        if incoming.is_a_call() {
            record.identified(incoming.context(), &self.limits.trust);
        }
        let refused = refused?;
        if refused == Some(RequestRefusal::Silent) && !incoming.is_a_call() {
            self.server.count_cut(RequestRefusal::Silent.code());
        }
        let answer = record.in_span(|| match refused {
            Some(refused) => self.refuse(refused),
            None => self.answer(&incoming),
        });
        self.write(stream, &answer.text).await?;
        if refused.is_some() || incoming.has_more_than(&self.procedure) {
            self.linger(stream).await;
        }
        Ok(answer.outcome)
    }

    fn answer(&self, incoming: &Incoming) -> Answer {
        match incoming.request(&self.procedure) {
            Ok(request) => self.procedure.answer(request),
            Err(error) => self.refuse(RequestRefusal::Header(error)),
        }
    }

    fn refuse(&self, refused: RequestRefusal) -> Answer {
        Answer {
            text: self.procedure.refuse(refused),
            outcome: refused.code(),
        }
    }

    /// Reads until the request is complete, its client ends or pauses, or a limit is exceeded, which
    /// is returned.
    async fn read_request(
        &self,
        stream: &mut TcpStream,
        incoming: &mut Incoming,
        record: &mut RequestRecord,
    ) -> io::Result<Option<RequestRefusal>> {
        let deadline = Instant::now() + self.limits.request_timeout;
        loop {
            let wait = match incoming.step(&self.procedure) {
                Step::Wait(wait) => wait,
                Step::Complete => return Ok(None),
                Step::TooLong => return Ok(Some(RequestRefusal::TooLong)),
                Step::BadHeader(error) => return Ok(Some(RequestRefusal::Header(error))),
            };
            if incoming.is_decided() {
                record.identified(incoming.context(), &self.limits.trust);
            }
            let until = Instant::now() + self.patience(wait);
            let mut piece = [0; READ];
            let read = match try_io::read(stream, &mut piece) {
                Some(read) => Ok(read),
                None => timeout_at(until.min(deadline), stream.read(&mut piece)).await,
            };
            match read {
                Ok(Ok(0)) => return Ok(None),
                Ok(Ok(length)) => incoming.buffer().extend_from_slice(&piece[..length]),
                Ok(Err(error)) => return Err(error),
                Err(_) if until >= deadline => return Ok(Some(RequestRefusal::TooSlow)),
                Err(_) if wait == Wait::FirstByte => return Ok(Some(RequestRefusal::Silent)),
                Err(_) => return Ok(None),
            }
        }
    }

    fn patience(&self, wait: Wait) -> Duration {
        match wait {
            Wait::FirstByte => self.limits.first_byte_timeout,
            Wait::Pause => self.limits.pause,
            Wait::Key => self.limits.pause.max(self.limits.typing_pause),
            Wait::Rest => self.limits.idle_timeout,
        }
    }

    /// Writes the answer and ends the sending side.
    async fn write(&self, stream: &mut TcpStream, text: &str) -> io::Result<()> {
        let written = try_io::write_last(stream, text.as_bytes())?;
        let rest = &text.as_bytes()[written..];
        if !rest.is_empty() {
            let written = timeout(self.limits.write_timeout, stream.write_all(rest)).await;
            written.unwrap_or_else(|_| {
                self.server.count_cut("write_timeout");
                Err(io::ErrorKind::TimedOut.into())
            })?;
        }
        // Before the stream is closed: closing with unread bytes would discard the answer.
        if let Err(error) = stream.shutdown().await {
            tracing::debug!(%error, "the client is gone");
        }
        Ok(())
    }

    /// Reads on for a while, so that a client which is still sending can finish.
    ///
    /// Closing with unread bytes resets the connection, and the client could lose the answer.
    async fn linger(&self, stream: &mut TcpStream) {
        match timeout(self.limits.linger_timeout, drain(stream)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the refused client is gone"),
            Err(_) => self.server.count_cut("linger_timeout"),
        }
    }
}

/// Reads to the end, and takes turns with everybody else after each piece.
async fn drain(mut from: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut sink = vec![0; SINK];
    while from.read(&mut sink).await? > 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// The size of the first read: a header and a short request. A silent connection holds this much.
const FIRST: usize = 128;

/// The size of later reads.
const READ: usize = 512;

/// The size of reads of what is not wanted.
const SINK: usize = 4 * 1024;

/// What a request takes until it is answered: its task, its bytes, its span, or the sink.
const REQUEST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_refused_client_that_sends_much_is_read_a_piece_at_a_time() {
        const PIECES: u64 = 10;
        let much = tokio::io::repeat(0).take(PIECES * SINK as u64);
        let mut draining = pin!(drain(much));
        let mut turns = 0;
        while draining
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            turns += 1;
        }
        assert_eq!(turns, PIECES);
    }
}

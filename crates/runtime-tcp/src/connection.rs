//! One connection of a server, from its first byte to its last: a request, an answer, the end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::at_once;
use super::exchange::Exchange;
use super::incoming::{Incoming, Step, Wait};
use super::metrics::TcpServerMetrics;
use super::{Answer, Procedure, Refused, TcpLimits};
use runtime::Lifecycle;
use runtime::metrics::ProtocolReason;
use runtime::net::Accepted;

/// What every connection of one listener shares.
pub(super) struct Server<P> {
    pub(super) procedure: P,
    pub(super) limits: TcpLimits,
    pub(super) lifecycle: Lifecycle,
    pub(super) metrics: TcpServerMetrics,
}

/// Why this side may end a connection before its time.
const CUTS: [&str; 4] = [
    "drain_timeout",
    "first_byte_timeout",
    "linger_timeout",
    "write_timeout",
];

/// Has `/metrics` name every cut before the first: a rate needs the zero. And what lives as long as
/// the process is then not allocated on top of a crowd's memory, which could not be given back.
pub(super) fn show_cuts_at_zero<P: Procedure>(lifecycle: &Lifecycle) {
    for reason in CUTS {
        let labels = ProtocolReason {
            protocol: P::PROTOCOL,
            reason,
        };
        drop(lifecycle.metrics().connections.cut.get_or_create(&labels));
    }
}

/// How a connection begins.
enum First {
    /// With bytes, with none where the input ended at once, or with an error.
    Read(io::Result<usize>),
    /// With nothing, for too long.
    Silent,
    /// With nothing, up to the end of this process.
    Ended,
}

impl<P: Procedure> Server<P> {
    /// Serves one connection to its end, or until the drain's deadline cuts it.
    pub(super) async fn serve(self: Arc<Self>, accepted: Accepted) {
        let (mut stream, peer, _kept) = accepted.split();
        let mut first = [0; FIRST];
        let read = match self.first_bytes(&mut stream, &mut first).await {
            First::Read(read) => read,
            First::Silent => return self.give_up_on_silence(&mut stream).await,
            First::Ended => return, // whoever says nothing loses nothing
        };
        // Boxed, so that a silent connection holds no more than its place.
        let served = Box::pin(async {
            let mut exchange = Exchange::begin::<P>(peer, self.metrics.clone());
            let outcome = match read {
                Ok(read) => {
                    self.exchange(&mut stream, &first[..read], &mut exchange)
                        .await
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(outcome) => exchange.conclude(outcome),
                Err(error) => exchange.broken(&error),
            }
        });
        tokio::select! {
            () = served => {}
            () = self.lifecycle.aborted() => self.count_cut("drain_timeout"),
        }
    }

    async fn first_bytes(&self, stream: &mut TcpStream, first: &mut [u8; FIRST]) -> First {
        if let Some(read) = at_once::read(stream, first) {
            return First::Read(read);
        }
        let ended = async {
            self.lifecycle.stopping().await;
            tokio::time::sleep(SILENCE).await;
        };
        tokio::select! {
            biased;
            read = stream.read(first) => First::Read(read),
            () = tokio::time::sleep(self.limits.first_byte_timeout) => First::Silent,
            () = ended => First::Ended,
        }
    }

    async fn give_up_on_silence(&self, stream: &mut TcpStream) {
        self.count_cut(Refused::Silent.code());
        let text = self.procedure.refuse(Refused::Silent);
        if let Err(error) = self.write(stream, &text).await {
            tracing::debug!(%error, "nobody heard why");
        }
    }

    /// Reads a request, answers it, and returns how it went.
    async fn exchange(
        &self,
        stream: &mut TcpStream,
        first: &[u8],
        exchange: &mut Exchange,
    ) -> io::Result<&'static str> {
        let mut incoming = Incoming::default();
        incoming.buffer().extend_from_slice(first);
        // Nothing read is the end of input.
        let refused = match first.len() {
            0 => None,
            _ => self.request(stream, &mut incoming, exchange).await?,
        };
        if !incoming.is_empty() {
            exchange.identified(incoming.context(), &self.limits.trust);
        }
        let answer = exchange.in_span(|| match refused {
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
            Err(error) => self.refuse(Refused::Header(error)),
        }
    }

    fn refuse(&self, refused: Refused) -> Answer {
        Answer {
            text: self.procedure.refuse(refused),
            outcome: refused.code(),
        }
    }

    /// Reads until the request is whole, its sender ends or pauses, or a limit passes, which is
    /// returned.
    async fn request(
        &self,
        stream: &mut TcpStream,
        incoming: &mut Incoming,
        exchange: &mut Exchange,
    ) -> io::Result<Option<Refused>> {
        let deadline = Instant::now() + self.limits.request_timeout;
        loop {
            let wait = match incoming.step(&self.procedure) {
                Step::Wait(wait) => wait,
                Step::Whole => return Ok(None),
                Step::TooLong => return Ok(Some(Refused::TooLong)),
                Step::BadHeader(error) => return Ok(Some(Refused::Header(error))),
            };
            if incoming.is_decided() {
                exchange.identified(incoming.context(), &self.limits.trust);
            }
            let until = Instant::now() + self.patience(wait);
            let mut piece = [0; READ];
            let read = match at_once::read(stream, &mut piece) {
                Some(read) => Ok(read),
                None => timeout_at(until.min(deadline), stream.read(&mut piece)).await,
            };
            match read {
                Ok(Ok(0)) => return Ok(None),
                Ok(Ok(length)) => incoming.buffer().extend_from_slice(&piece[..length]),
                Ok(Err(error)) => return Err(error),
                Err(_) if until >= deadline => return Ok(Some(Refused::TooSlow)),
                Err(_) if wait == Wait::FirstByte => return Ok(Some(Refused::Silent)),
                Err(_) => return Ok(None),
            }
        }
    }

    fn patience(&self, wait: Wait) -> Duration {
        match wait {
            Wait::FirstByte => self.limits.first_byte_timeout,
            Wait::Pause => self.limits.pause,
            Wait::Rest => self.limits.idle_timeout,
        }
    }

    /// Writes the answer and ends the sending side.
    async fn write(&self, stream: &mut TcpStream, text: &str) -> io::Result<()> {
        let written = at_once::write_last(stream, text.as_bytes())?;
        let rest = &text.as_bytes()[written..];
        if !rest.is_empty() {
            let written = timeout(self.limits.write_timeout, stream.write_all(rest)).await;
            written.unwrap_or_else(|_| {
                self.count_cut("write_timeout");
                Err(io::ErrorKind::TimedOut.into())
            })?;
        }
        // Before the stream is closed: on bytes that nobody has read, that would drop the answer.
        if let Err(error) = stream.shutdown().await {
            tracing::debug!(%error, "the client is gone");
        }
        Ok(())
    }

    /// Lets a client that is still sending come to its end, for a while.
    ///
    /// Closing on bytes that nobody has read resets the connection, and many a client would lose
    /// the answer with it.
    async fn linger(&self, stream: &mut TcpStream) {
        let drain = async {
            let mut sink = vec![0; 16 * 1024];
            while stream.read(&mut sink).await? > 0 {}
            io::Result::Ok(())
        };
        match timeout(self.limits.linger_timeout, drain).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the refused client is gone"),
            Err(_) => self.count_cut("linger_timeout"),
        }
    }

    fn count_cut(&self, reason: &'static str) {
        let labels = ProtocolReason {
            protocol: P::PROTOCOL,
            reason,
        };
        self.lifecycle
            .metrics()
            .connections
            .cut
            .get_or_create(&labels)
            .inc();
    }
}

/// How long after the stop a connection may stay open without having sent anything.
const SILENCE: Duration = Duration::from_millis(200);

/// How much is read at first: a header and a short request. A silent connection holds this much.
const FIRST: usize = 128;

/// How much is read at once afterwards.
const READ: usize = 512;

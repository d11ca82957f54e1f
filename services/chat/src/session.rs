//! One WebSocket, from its welcome to its close: what a client says, and the answers that it alone
//! gets.

mod close;
mod join;

pub(crate) use join::PendingSession;

use std::sync::Arc;

use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use runtime::Lifecycle;
use runtime::memory::MemoryReservation;
use runtime::trace::{self, Instrument, Parent, Span, SpanKind};
use tokio::time::Instant;

use crate::domain::log::AppendOutcome;
use crate::domain::rate::TokenBucket;
use crate::domain::{ClientId, Token, TraceContext};
use crate::hub::{ClientConnection, ClientMessage, Hub, Protocol};
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::settings::ClientLimits;
use crate::wire::plain_refusal;
use crate::wire::v1::{self, ClientFrame, Refused, ServerFrame, reason_text};
use crate::wire::websocket::{self, FrameReader, Incoming, Opcode};
use close::{Close, NO_CODE};
use join::LeaveGuard;

/// Milliseconds after which a full outbox may have room.
const OUTBOX_RETRY: u64 = 1000;

/// A client in the room.
struct Session {
    /// What is done when it is dropped.
    guard: LeaveGuard,
    /// Of the connection.
    span: Span,
    hub: Hub,
    limits: ClientLimits,
    client: ClientId,
    session: Token,
    protocol: Protocol,
    is_trusted: bool,
    /// What its messages' spans refer to.
    trace_link: Option<SpanContext>,
    connection: Arc<ClientConnection>,
    reader: FrameReader,
    /// For the beginning of a message, in the reader.
    memory: MemoryReservation,
    bucket: TokenBucket,
    joined_at: Instant,
    /// Since when it has always had more to say than its rate allows.
    ahead_since: Option<Instant>,
}

/// After so many reads a session lets others have their turn, however much lies in its socket.
const TURN: usize = 8;

impl Session {
    async fn serve(&mut self, lifecycle: &Lifecycle) -> Close {
        let connection = Arc::clone(&self.connection);
        tokio::select! {
            biased;
            ending = connection.evicted() => ending.into(),
            () = lifecycle.stopping() => Close::Draining,
            close = self.receive_all() => close,
        }
    }

    fn take_reader(&mut self) -> FrameReader {
        std::mem::replace(&mut self.reader, FrameReader::new(0))
    }

    /// Notes why it ended, and tells the others.
    fn leave(self, close: &Close) {
        let Self { span, guard, .. } = self;
        span.set_attribute("chat.close.code", i64::from(close.code()));
        span.set_attribute("chat.close.reason", close.reason());
        drop(guard);
    }

    /// Hears and answers until something ends it.
    async fn receive_all(&mut self) -> Close {
        let mut heard = Instant::now();
        let mut is_pinged = false;
        let mut reads = 0_usize;
        let silence = tokio::time::sleep(self.limits.ping_interval);
        tokio::pin!(silence);
        loop {
            let reader = &mut self.reader;
            tokio::select! {
                biased;
                came = self.connection.read(|bytes| reader.push_bytes(bytes)) => {
                    if !came.unwrap_or(false) {
                        return Close::Gone;
                    }
                    // No more is read of the socket until all of this is answered.
                    let answering = self.answer_all(&mut heard, &mut is_pinged);
                    if let Err(close) = Box::pin(answering).await {
                        return close;
                    }
                    if self.memory.resize(self.reader.held()).is_err() {
                        return Close::NoMemory;
                    }
                    reads += 1;
                    if reads.is_multiple_of(TURN) {
                        tokio::task::yield_now().await;
                    }
                }
                // Nothing lies in its socket: it has kept to its rate, however late.
                () = std::future::ready(()), if self.ahead_since.is_some() => {
                    self.ahead_since = None;
                }
                () = &mut silence => {
                    match Box::pin(self.check_silence(heard, &mut is_pinged)).await {
                        Ok(again) => silence.as_mut().reset(again),
                        Err(close) => return close,
                    }
                }
            }
        }
    }

    /// Answers whatever has come. Those of pings that came together are written together.
    async fn answer_all(&mut self, heard: &mut Instant, is_pinged: &mut bool) -> Result<(), Close> {
        let mut pongs = Vec::new();
        loop {
            let said = self.reader.next_message();
            if matches!(said, Ok(Some(_))) {
                (*heard, *is_pinged) = (Instant::now(), false);
            }
            if let Ok(Some(Incoming::Ping(payload))) = &said {
                pongs.extend_from_slice(&websocket::frame(Opcode::Pong, payload));
                continue;
            }
            if !pongs.is_empty() {
                let pongs = std::mem::take(&mut pongs);
                self.connection.send(pongs.into()).await?;
            }
            match said? {
                Some(said) => self.answer_in_time(said).await?,
                None => return Ok(()),
            }
        }
    }

    /// Pings a client that says nothing, and gives up one that stays silent. Says when to look
    /// again.
    async fn check_silence(
        &mut self,
        heard: Instant,
        is_pinged: &mut bool,
    ) -> Result<Instant, Close> {
        let now = Instant::now();
        let quiet_until = heard + self.limits.ping_interval;
        if *is_pinged {
            return Err(Close::Silent);
        }
        if now < quiet_until {
            return Ok(quiet_until);
        }
        self.connection
            .send(websocket::frame(Opcode::Ping, &[]))
            .await?;
        *is_pinged = true;
        Ok(now + self.limits.pong_timeout)
    }

    /// Answers what a client said, once its rate allows it. Until then nothing is read of its
    /// socket, so that it is slowed down and loses nothing.
    async fn answer_in_time(&mut self, said: Incoming) -> Result<(), Close> {
        if matches!(said, Incoming::Text(_)) {
            self.wait_for_rate().await?;
        }
        self.answer(said).await
    }

    async fn wait_for_rate(&mut self) -> Result<(), Close> {
        while let Err(wait) = self.bucket.take(self.joined_at.elapsed()) {
            let since = *self.ahead_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= self.limits.rate_patience {
                return Err(Close::Flood);
            }
            tokio::select! {
                biased;
                error = self.connection.keep_writing() => return Err(error.into()),
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ok(())
    }

    /// Answers what a client said.
    async fn answer(&mut self, said: Incoming) -> Result<(), Close> {
        match (said, self.protocol) {
            (Incoming::Text(text), Protocol::Plain) => self.answer_plain(text).await,
            (Incoming::Text(text), Protocol::V1) => self.answer_v1(&text).await,
            // The first is answered with others that came with it.
            (Incoming::Ping(_) | Incoming::Pong, _) => Ok(()),
            (Incoming::Close(code), _) => Err(Close::ByClient(code.unwrap_or(NO_CODE))),
        }
    }

    async fn send(&self, text: &str) -> Result<(), Close> {
        Ok(self.connection.send(websocket::text(text)).await?)
    }

    async fn answer_plain(&mut self, text: String) -> Result<(), Close> {
        let span = self.receive(None);
        let reason = match self.say(&span, Token::random(), text).await {
            AppendOutcome::Refused(refusal) => refusal.code(),
            AppendOutcome::Appended(_) | AppendOutcome::Duplicate(_) => return Ok(()),
            AppendOutcome::Unknown => return Err(Close::Unavailable),
        };
        trace::fail(&span, reason, "");
        self.send(&plain_refusal(reason_text(reason))).await
    }

    async fn answer_v1(&mut self, text: &str) -> Result<(), Close> {
        let frame = v1::parse(text).map_err(|bad| Close::BadFrame(bad.to_string()))?;
        match frame {
            ClientFrame::Send(send) => self.take(send).await,
            ClientFrame::Ping { at } => self.send(&ServerFrame::Pong { at: &at }.encode()).await,
            ClientFrame::Unknown { id } => {
                let reason = self.count_refusal("type");
                self.refuse(id.as_deref(), reason, None, None).await
            }
        }
    }

    async fn take(&mut self, send: v1::Send) -> Result<(), Close> {
        let span = self.receive(send.traceparent);
        let id = send.id.as_deref();
        let token = id.and_then(|id| Token::parse(id).ok());
        let (reason, retry_after) = match token {
            None => (self.count_refusal("id"), None),
            Some(_) if send.text.is_empty() => (self.count_refusal("empty"), None),
            Some(token) => match self.say(&span, token.clone(), send.text).await {
                // Its place in the flow is where the client is told.
                AppendOutcome::Appended(_) => return Ok(()),
                AppendOutcome::Duplicate(cursor) => {
                    return self.accepted_before(&token, cursor).await;
                }
                AppendOutcome::Refused(refusal) => (refusal.code(), Some(OUTBOX_RETRY)),
                // It will ask again when it is back, by the same id.
                AppendOutcome::Unknown => return Err(Close::Unavailable),
            },
        };
        trace::fail(&span, reason, "");
        self.refuse(id, reason, retry_after, Some(&span)).await
    }

    /// Offers a message to the room.
    async fn say(&self, span: &Span, id: Token, text: String) -> AppendOutcome {
        span.set_attribute("chat.message.id", id.to_string());
        let said = ClientMessage {
            client: self.client,
            session: self.session.clone(),
            id,
            text,
        };
        let saying = self.hub.post(said, propagation::of_span(span));
        saying.instrument(span.clone()).await
    }

    async fn accepted_before(&mut self, id: &Token, cursor: Option<u64>) -> Result<(), Close> {
        let accepted = ServerFrame::Accepted {
            cursor,
            id,
            text: None,
            at: None,
            trace: None,
            duplicate: true,
        };
        self.send(&accepted.encode()).await
    }

    async fn refuse(
        &mut self,
        id: Option<&str>,
        reason: &'static str,
        retry_after: Option<u64>,
        span: Option<&Span>,
    ) -> Result<(), Close> {
        let trace = span.map(propagation::of_span).unwrap_or_default();
        let refused = ServerFrame::Refused(Refused {
            id,
            reason,
            text: reason_text(reason),
            retry_after,
            service: None,
            trace: trace.trace_id(),
        });
        self.send(&refused.encode()).await
    }

    fn count_refusal(&self, reason: &'static str) -> &'static str {
        ChatMetrics::count(&self.hub.metrics().refused, reason);
        reason
    }

    /// The span in which a message is taken. It hangs under the client's own, if that has one and
    /// is trusted, and else begins a trace. It refers to the connection, which is no parent, for it
    /// may last for days, and to the span of a client who is not trusted: a stranger must not be
    /// able to have everything recorded, or nothing.
    fn receive(&self, parent: Option<String>) -> Span {
        let attributes = [
            KeyValue::new("chat.client", self.client.to_string()),
            KeyValue::new("chat.protocol", self.protocol.code()),
            KeyValue::new("network.protocol.name", "websocket"),
        ];
        let client = propagation::context(&TraceContext {
            parent,
            state: None,
        });
        let sent = client.span().span_context().clone();
        let kind = SpanKind::Consumer;
        let span = if sent.is_valid() && self.is_trusted {
            trace::start(kind, "receive", Parent::Remote(client), attributes)
        } else {
            // From nothing: what this task does otherwise is no parent of the message.
            let nothing = Parent::Remote(Context::new());
            let span = trace::start(kind, "receive", nothing, attributes);
            if sent.is_valid() {
                span.add_link(sent);
            }
            span
        };
        if let Some(connection) = &self.trace_link {
            span.add_link(connection.clone());
        }
        span
    }
}

#[cfg(test)]
mod tests;

//! One WebSocket, from its welcome to its close.

mod close;
mod frames;

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use runtime::Lifecycle;
use runtime::trace::{self, Parent, SpanKind};
use tokio::time::Instant;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::domain::ClientId;
use crate::domain::rate::TokenBucket;
use crate::hub::{ClientConnection, Hub, Join, MemberId, Protocol};
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::settings::ClientLimits;
use crate::wire::websocket::{self, FrameReader, Incoming, Opcode};
use close::{Close, CloseHandshake};

/// A client that has connected and is not in the room yet.
#[derive(Debug)]
pub(crate) struct PendingSession {
    /// The room.
    pub(crate) hub: Hub,
    /// What it may do.
    pub(crate) limits: ClientLimits,
    /// Who it is and what it wants to see.
    pub(crate) join: Join,
    /// Whether a trace that it brings along is continued.
    pub(crate) is_trusted: bool,
    /// The request that opened the connection, if that has a trace.
    pub(crate) opened_by: Option<SpanContext>,
}

impl PendingSession {
    /// Lets it in, serves it to its end, and tells the others.
    ///
    /// Whatever happens once is in a box of its own, and so is the session: this task lasts as long
    /// as the connection, and would hold room for all of it.
    pub(crate) async fn run(
        self: Box<Self>,
        connection: Arc<ClientConnection>,
        lifecycle: Lifecycle,
    ) {
        let (hub, wait) = (self.hub.clone(), self.limits.close_timeout);
        let entered = Box::pin(self.enter(Arc::clone(&connection), lifecycle.clone())).await;
        let (close, mut session) = match entered {
            Ok(mut session) => (session.serve(&lifecycle).await, Some(session)),
            Err(close) => (close, None),
        };
        ChatMetrics::count(&hub.metrics().closed, close.metric());
        let reader = session.as_mut().map(|session| session.take_reader());
        let handshake = CloseHandshake::say(&connection, &close, wait, reader);
        let handshake = Box::pin(handshake).await;
        if let Some(session) = session {
            session.leave(&close);
        }
        Box::pin(handshake.finish()).await;
    }

    async fn enter(
        self: Box<Self>,
        connection: Arc<ClientConnection>,
        lifecycle: Lifecycle,
    ) -> Result<Box<Session>, Close> {
        // The connection is a trace of its own, which refers to the request that opened it; each
        // message is another, which refers to the connection.
        let parent = self.opened_by.map_or(Parent::Current, Parent::Linked);
        let attributes = [
            KeyValue::new("chat.client", self.join.client.to_string()),
            KeyValue::new("chat.protocol", self.join.protocol.code()),
        ];
        let span = trace::start(SpanKind::Internal, "connection", parent, attributes);
        let trace_link = propagation::link(&span);
        let (client, protocol) = (self.join.client, self.join.protocol);
        let session = self.join.session.clone();
        let joining = membership_span("join", trace_link.as_ref(), client);
        let trace = propagation::of_span(&joining);
        let joined = self.hub.join(self.join, Arc::clone(&connection), trace);
        let Ok(member) = joined.instrument(joining).await else {
            return Err(Close::Unavailable);
        };
        Ok(Box::new(Session {
            guard: LeaveGuard {
                hub: self.hub.clone(),
                member,
                client,
                trace_link: trace_link.clone(),
                lifecycle,
            },
            span,
            hub: self.hub,
            limits: self.limits,
            client,
            session,
            protocol,
            is_trusted: self.is_trusted,
            trace_link,
            connection,
            reader: FrameReader::new(self.limits.max_message),
            bucket: TokenBucket::new(self.limits.rate, self.limits.burst),
            joined_at: Instant::now(),
            ahead_since: None,
        }))
    }
}

/// Tells the others when the connection ends, in whatever way.
struct LeaveGuard {
    hub: Hub,
    member: MemberId,
    client: ClientId,
    /// The span of the connection.
    trace_link: Option<SpanContext>,
    lifecycle: Lifecycle,
}

impl Drop for LeaveGuard {
    fn drop(&mut self) {
        let span = membership_span("leave", self.trace_link.as_ref(), self.client);
        let trace = propagation::of_span(&span);
        span.in_scope(|| self.hub.leave(self.member, trace, &self.lifecycle));
    }
}

/// A client in the room.
struct Session {
    /// What is done when it is dropped.
    guard: LeaveGuard,
    /// Of the connection.
    span: Span,
    hub: Hub,
    limits: ClientLimits,
    client: ClientId,
    session: crate::domain::Token,
    protocol: Protocol,
    is_trusted: bool,
    /// What its messages' spans refer to.
    trace_link: Option<SpanContext>,
    connection: Arc<ClientConnection>,
    reader: FrameReader,
    bucket: TokenBucket,
    joined_at: Instant,
    /// Since when it has always had more to say than its rate allows.
    ahead_since: Option<Instant>,
}

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
        let mut pinged = None;
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
                    loop {
                        let said = match self.reader.next_message() {
                            Ok(Some(said)) => said,
                            Ok(None) => break,
                            Err(wrong) => return wrong.into(),
                        };
                        (heard, pinged) = (Instant::now(), None);
                        if let Err(close) = Box::pin(self.answer_in_time(said)).await {
                            return close;
                        }
                    }
                }
                // Nothing lies in its socket: it has kept to its rate, however late.
                () = std::future::ready(()), if self.ahead_since.is_some() => {
                    self.ahead_since = None;
                }
                () = &mut silence => {
                    match Box::pin(self.check_silence(heard, &mut pinged)).await {
                        Ok(again) => silence.as_mut().reset(again),
                        Err(close) => return close,
                    }
                }
            }
        }
    }

    /// Pings a client that says nothing, and gives up one that stays silent. Says when to look
    /// again.
    async fn check_silence(
        &mut self,
        heard: Instant,
        pinged: &mut Option<Instant>,
    ) -> Result<Instant, Close> {
        let now = Instant::now();
        let quiet_until = heard + self.limits.ping_interval;
        match *pinged {
            Some(at) if now >= at + self.limits.pong_timeout => Err(Close::Silent),
            Some(at) => Ok(at + self.limits.pong_timeout),
            None if now < quiet_until => Ok(quiet_until),
            None => {
                self.connection
                    .send(websocket::frame(Opcode::Ping, &[]))
                    .await?;
                *pinged = Some(now);
                Ok(now + self.limits.pong_timeout)
            }
        }
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
}

/// A span of a connection's beginning or end: a trace of its own, which refers to the connection.
fn membership_span(name: &'static str, of: Option<&SpanContext>, client: ClientId) -> Span {
    let parent = of.cloned().map_or(Parent::Current, Parent::Linked);
    let attributes = [KeyValue::new("chat.client", client.to_string())];
    trace::start(SpanKind::Internal, name, parent, attributes)
}

//! One WebSocket, from its welcome to its close.

mod close;
mod frames;

use std::sync::Arc;
use std::time::Duration;

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
use crate::wire::websocket::{self, FrameReader, Opcode};
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
    /// Whatever happens once is in a box of its own, and so is the guest: this task lasts as long
    /// as the connection, and would hold room for all of it.
    pub(crate) async fn run(self: Box<Self>, line: Arc<ClientConnection>, lifecycle: Lifecycle) {
        let (hub, wait) = (self.hub.clone(), self.limits.close_timeout);
        let entered = Box::pin(self.enter(Arc::clone(&line), lifecycle.clone())).await;
        let (close, guest) = match entered {
            Ok(mut guest) => (guest.serve(&lifecycle).await, Some(guest)),
            Err(close) => (close, None),
        };
        ChatMetrics::count(&hub.metrics().closed, close.metric());
        let farewell = Box::pin(CloseHandshake::say(&line, &close, wait)).await;
        if let Some(guest) = guest {
            guest.leave(&close);
        }
        Box::pin(farewell.linger()).await;
    }

    async fn enter(
        self: Box<Self>,
        line: Arc<ClientConnection>,
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
        let connection = propagation::link(&span);
        let (client, protocol) = (self.join.client, self.join.protocol);
        let session = self.join.session.clone();
        let joining = membership_span("join", connection.as_ref(), client);
        let trace = propagation::of_span(&joining);
        let joined = self.hub.join(self.join, Arc::clone(&line), trace);
        let Ok(member) = joined.instrument(joining).await else {
            return Err(Close::Unavailable);
        };
        Ok(Box::new(Session {
            guard: LeaveGuard {
                hub: self.hub.clone(),
                member,
                client,
                connection: connection.clone(),
                lifecycle,
            },
            span,
            hub: self.hub,
            limits: self.limits,
            client,
            session,
            protocol,
            is_trusted: self.is_trusted,
            connection,
            line,
            bucket: TokenBucket::new(self.limits.rate, self.limits.burst),
            came: Instant::now(),
            refused_in_a_row: 0,
        }))
    }
}

/// Tells the others when the connection ends, in whatever way.
struct LeaveGuard {
    hub: Hub,
    member: MemberId,
    client: ClientId,
    connection: Option<SpanContext>,
    lifecycle: Lifecycle,
}

impl Drop for LeaveGuard {
    fn drop(&mut self) {
        let span = membership_span("leave", self.connection.as_ref(), self.client);
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
    connection: Option<SpanContext>,
    line: Arc<ClientConnection>,
    bucket: TokenBucket,
    came: Instant,
    /// Messages over its rate since the last one within it.
    refused_in_a_row: u32,
}

impl Session {
    async fn serve(&mut self, lifecycle: &Lifecycle) -> Close {
        let line = Arc::clone(&self.line);
        tokio::select! {
            biased;
            ending = line.evicted() => ending.into(),
            () = lifecycle.stopping() => Close::Draining,
            close = self.receive_all() => close,
        }
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
        let mut reader = FrameReader::new(self.limits.max_message);
        let mut heard = Instant::now();
        let mut pinged = None;
        let silence = tokio::time::sleep(self.limits.ping_interval);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                biased;
                came = self.line.read(|bytes| reader.push_bytes(bytes)) => {
                    if !came.unwrap_or(false) {
                        return Close::Gone;
                    }
                    loop {
                        let said = match reader.next_message() {
                            Ok(Some(said)) => said,
                            Ok(None) => break,
                            Err(wrong) => return wrong.into(),
                        };
                        (heard, pinged) = (Instant::now(), None);
                        if let Err(close) = Box::pin(self.answer(said)).await {
                            return close;
                        }
                    }
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
                self.line.send(websocket::frame(Opcode::Ping, &[])).await?;
                *pinged = Some(now);
                Ok(now + self.limits.pong_timeout)
            }
        }
    }

    /// Takes one of its tokens, or says how long until there is one.
    fn admit(&mut self) -> Result<(), Duration> {
        let admitted = self.bucket.take(self.came.elapsed());
        self.refused_in_a_row = match admitted {
            Ok(()) => 0,
            Err(_) => self.refused_in_a_row.saturating_add(1),
        };
        admitted
    }

    /// Whether it goes on though it was refused again and again.
    fn is_flooding(&self) -> bool {
        self.refused_in_a_row > self.limits.burst.saturating_mul(FLOOD)
    }
}

/// Beyond so many times its burst a client that is refused hears nothing any more.
const FLOOD: u32 = 10;

/// A span of a connection's beginning or end: a trace of its own, which refers to the connection.
fn membership_span(name: &'static str, of: Option<&SpanContext>, client: ClientId) -> Span {
    let parent = of.cloned().map_or(Parent::Current, Parent::Linked);
    let attributes = [KeyValue::new("chat.client", client.to_string())];
    trace::start(SpanKind::Internal, name, parent, attributes)
}

//! How a client comes in, and that the others hear when it goes.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use runtime::Lifecycle;
use runtime::trace::{self, Instrument, Parent, Span, SpanKind};
use tokio::time::Instant;

use super::Session;
use super::close::{Close, CloseHandshake};
use crate::domain::ClientId;
use crate::domain::rate::TokenBucket;
use crate::hub::{ClientConnection, Hub, Join, MemberId};
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::settings::ClientLimits;
use crate::wire::websocket::FrameReader;

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
        let memory = lifecycle.memory().reservation();
        let (client, protocol) = (self.join.client, self.join.protocol);
        let session = self.join.session.clone();
        let joining = membership_span("join", trace_link.as_ref(), client);
        let trace = propagation::of_span(&joining);
        let joined = self
            .hub
            .join(self.join, Arc::clone(&connection), trace, &lifecycle);
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
            memory,
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
pub(super) struct LeaveGuard {
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

/// A span of a connection's beginning or end: a trace of its own, which refers to the connection.
fn membership_span(name: &'static str, of: Option<&SpanContext>, client: ClientId) -> Span {
    let parent = of.cloned().map_or(Parent::Current, Parent::Linked);
    let attributes = [KeyValue::new("chat.client", client.to_string())];
    trace::start(SpanKind::Internal, name, parent, attributes)
}

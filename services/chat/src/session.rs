//! One WebSocket, from its welcome to its close.

mod frames;
mod socket;

use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use runtime::Life;
use runtime::trace::{self, Parent, SpanKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::carried;
use crate::domain::ClientId;
use crate::domain::rate::Bucket;
use crate::hub::{Ending, Hub, Join, Joined, MemberId, Speaks};
use crate::metrics::ChatMetrics;
use crate::settings::ClientLimits;
use socket::{Close, Heard, Socket};

/// A client that has connected and is not in the room yet.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// The room.
    pub(crate) hub: Hub,
    /// What it may do.
    pub(crate) limits: ClientLimits,
    /// Who it is and what it wants to see.
    pub(crate) join: Join,
    /// The request that opened the connection, if that has a trace.
    pub(crate) opened_by: Option<SpanContext>,
}

impl Visitor {
    /// Lets it in, serves it to its end, and tells the others.
    pub(crate) async fn stay(self, socket: WebSocket, life: Life) {
        // The connection is a trace of its own, which refers to the request that opened it; each
        // message is another, which refers to the connection.
        let parent = self
            .opened_by
            .clone()
            .map_or(Parent::Current, Parent::Linked);
        let attributes = [
            KeyValue::new("chat.client", self.join.client.to_string()),
            KeyValue::new("chat.protocol", self.join.speaks.code()),
        ];
        let span = trace::start(SpanKind::Internal, "connection", parent, attributes);
        let connection = carried::link(&span);
        let (client, speaks) = (self.join.client, self.join.speaks);
        let session = self.join.session.clone();
        let joining = moment("join", connection.as_ref(), client);
        let joined = self.hub.join(self.join, carried::of_span(&joining));
        let Ok(joined) = joined.instrument(joining).await else {
            let close = Close::Unavailable;
            ChatMetrics::count(&self.hub.metrics().closed, close.metric());
            let socket = Socket::new(socket);
            return socket.close(&close, self.limits.close_timeout).await;
        };
        let Joined {
            member,
            first,
            queue,
            ended,
        } = joined;
        let guest = Guest {
            hub: self.hub.clone(),
            limits: self.limits,
            client,
            session,
            speaks,
            connection: connection.clone(),
            socket: Socket::new(socket),
            bucket: Bucket::new(self.limits.rate, self.limits.burst),
            came: Instant::now(),
            refused_in_a_row: 0,
        };
        let _leaving = Leaving {
            hub: self.hub,
            member,
            client,
            connection,
            life: life.clone(),
        };
        let close = guest.serve(first, queue, ended, &life).await;
        span.set_attribute("chat.close.code", i64::from(close.code()));
        span.set_attribute("chat.close.reason", close.reason());
    }
}

/// Tells the others when the connection ends, in whatever way.
struct Leaving {
    hub: Hub,
    member: MemberId,
    client: ClientId,
    connection: Option<SpanContext>,
    life: Life,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        let span = moment("leave", self.connection.as_ref(), self.client);
        let trace = carried::of_span(&span);
        span.in_scope(|| self.hub.leave(self.member, trace, &self.life));
    }
}

/// A client in the room.
struct Guest {
    hub: Hub,
    limits: ClientLimits,
    client: ClientId,
    session: crate::domain::Token,
    speaks: Speaks,
    connection: Option<SpanContext>,
    socket: Socket,
    bucket: Bucket,
    came: Instant,
    /// Messages over its rate since the last one within it.
    refused_in_a_row: u32,
}

/// At most so many frames are written before the socket is read again.
const BATCH: usize = 64;

impl Guest {
    async fn serve(
        mut self,
        first: Vec<Utf8Bytes>,
        mut queue: mpsc::Receiver<Utf8Bytes>,
        mut ended: oneshot::Receiver<Ending>,
        life: &Life,
    ) -> Close {
        let close = tokio::select! {
            biased;
            Ok(ending) = &mut ended => Close::of(ending),
            () = life.stopping() => Close::Draining,
            close = self.converse(first, &mut queue) => close,
        };
        ChatMetrics::count(&self.hub.metrics().closed, close.metric());
        self.socket.close(&close, self.limits.close_timeout).await;
        close
    }

    /// Reads and writes until something ends it.
    async fn converse(
        &mut self,
        first: Vec<Utf8Bytes>,
        queue: &mut mpsc::Receiver<Utf8Bytes>,
    ) -> Close {
        if let Err(close) = self.socket.write(first).await {
            return close;
        }
        let mut frames = Vec::new(); // given away with each batch: most connections are silent
        let mut heard = Instant::now();
        let mut pinged = None;
        let silence = tokio::time::sleep(self.limits.ping_interval);
        tokio::pin!(silence);
        loop {
            tokio::select! {
                biased;
                next = self.socket.read() => {
                    (heard, pinged) = (Instant::now(), None);
                    let answered = match next {
                        Ok(Heard::Text(text)) => self.answer(&text).await,
                        Ok(Heard::Nothing) => Ok(()),
                        Err(close) => Err(close),
                    };
                    if let Err(close) = answered {
                        return close;
                    }
                }
                // The room keeps its end of the queue until it ends this connection.
                _ = queue.recv_many(&mut frames, BATCH) => {
                    if let Err(close) = self.socket.write(std::mem::take(&mut frames)).await {
                        return close;
                    }
                }
                () = &mut silence => {
                    match self.mind_silence(heard, &mut pinged).await {
                        Ok(again) => silence.as_mut().reset(again),
                        Err(close) => return close,
                    }
                }
            }
        }
    }

    /// Pings a client that says nothing, and gives up one that stays silent. Says when to look
    /// again.
    async fn mind_silence(
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
                self.socket.send(Message::Ping(bytes::Bytes::new())).await?;
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
fn moment(name: &'static str, of: Option<&SpanContext>, client: ClientId) -> tracing::Span {
    let parent = of.cloned().map_or(Parent::Current, Parent::Linked);
    let attributes = [KeyValue::new("chat.client", client.to_string())];
    trace::start(SpanKind::Internal, name, parent, attributes)
}

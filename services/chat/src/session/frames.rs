//! What a client says, and the answers that it alone gets.

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};
use runtime::trace::{self, Parent, SpanKind};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Session;
use super::close::{Close, NO_CODE};
use crate::domain::log::AppendOutcome;
use crate::domain::{Token, TraceContext};
use crate::hub::{ClientMessage, Protocol};
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::wire::plain_refusal;
use crate::wire::v1::{self, ClientFrame, Refused, ServerFrame, reason_text};
use crate::wire::websocket::{self, Incoming, Opcode};

/// Milliseconds after which a full outbox may have room.
const OUTBOX_RETRY: u64 = 1000;

impl Session {
    /// Answers what a client said.
    pub(super) async fn answer(&mut self, said: Incoming) -> Result<(), Close> {
        match (said, self.protocol) {
            (Incoming::Text(text), Protocol::Plain) => self.answer_plain(text).await,
            (Incoming::Text(text), Protocol::V1) => self.answer_v1(&text).await,
            (Incoming::Ping(payload), _) => {
                let pong = websocket::frame(Opcode::Pong, &payload);
                Ok(self.connection.send(pong).await?)
            }
            (Incoming::Pong, _) => Ok(()),
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

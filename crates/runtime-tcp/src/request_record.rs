//! The span and the metrics of one request that a TCP server answers.

use std::io;
use std::net::SocketAddr;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanKind, TraceContextExt};
use tokio::time::Instant;

use super::Procedure;
use super::metrics::{TcpServerLabels, TcpServerMetrics};
use runtime::trace::{self, Parent, Span, Trust, semconv};

/// One request, from its first byte to the end of its answer. Counted when dropped, unless it was
/// never identified: then there was none, but a connection that came and went.
pub(super) struct RequestRecord {
    name: &'static str,
    peer: SocketAddr,
    started: Instant,
    /// `None` until it is known which trace the request belongs to.
    span: Option<Span>,
    labels: TcpServerLabels,
    metrics: TcpServerMetrics,
}

impl RequestRecord {
    pub(super) fn begin<P: Procedure>(peer: SocketAddr, metrics: TcpServerMetrics) -> Self {
        let labels = TcpServerLabels {
            protocol: P::PROTOCOL,
            outcome: "cancelled",
        };
        let started = Instant::now();
        Self {
            name: P::NAME,
            peer,
            started,
            span: None,
            labels,
            metrics,
        }
    }

    /// Starts the span, now that it is known whether the client sent a trace context.
    pub(super) fn identified(&mut self, context: Option<&SpanContext>, trust: &Trust) {
        if self.span.is_some() {
            return;
        }
        let parent = match context.filter(|_| trace::is_propagated()) {
            None => Parent::Remote(opentelemetry::Context::new()),
            Some(context) if trust.holds(self.peer.ip()) => Parent::Remote(
                opentelemetry::Context::new().with_remote_span_context(context.clone()),
            ),
            Some(context) => Parent::Linked(context.clone()),
        };
        self.span = Some(trace::start_with(SpanKind::Server, parent, || {
            let peer = self.peer.ip().to_canonical().to_string();
            let attributes = vec![
                KeyValue::new(semconv::NETWORK_TRANSPORT, "tcp"),
                KeyValue::new(semconv::NETWORK_PROTOCOL_NAME, self.labels.protocol),
                KeyValue::new(semconv::CLIENT_ADDRESS, peer.clone()),
                KeyValue::new(semconv::NETWORK_PEER_ADDRESS, peer),
                KeyValue::new(semconv::NETWORK_PEER_PORT, i64::from(self.peer.port())),
            ];
            (self.name.into(), attributes)
        }));
    }

    /// Does something under the span.
    pub(super) fn in_span<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(span) => span.in_scope(work),
            None => work(),
        }
    }

    /// The answer is sent; `outcome` says which.
    pub(super) fn conclude(mut self, outcome: &'static str) {
        self.labels.outcome = outcome;
        if let Some(span) = self.span.as_ref() {
            span.set_attribute(OUTCOME, outcome);
        }
    }

    /// The connection ended before the answer was sent.
    pub(super) fn broken(mut self, error: &io::Error) {
        self.labels.outcome = code(error);
        if let Some(span) = self.span.as_ref() {
            trace::fail(span, self.labels.outcome, error.to_string());
        }
        tracing::debug!(peer = %self.peer, %error, "connection ended early");
    }
}

/// How a request went: `ok`, or why it was refused. A refusal is the client's fault, so the
/// server's span is not a failure.
const OUTCOME: &str = "malha.outcome";

fn code(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "reset",
        io::ErrorKind::TimedOut => "write_timeout",
        _ => "io",
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        let Some(span) = &self.span else { return };
        let _entered = span.enter();
        self.metrics
            .requests
            .observe(&self.labels, self.started.elapsed());
    }
}

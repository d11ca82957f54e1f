//! The span and the metrics of one call that a gRPC server answers, from its head to its last byte.

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status as SpanStatus, TraceContextExt};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tonic::Code;

use super::status;
use runtime::metrics::{Durations, Metrics};
use runtime::trace::{self, Parent, Span, Trust, semconv};

/// What a gRPC server counts, beside its connections.
#[derive(Clone, Debug)]
pub(super) struct GrpcServerMetrics {
    calls: Durations<GrpcServerLabels>,
    active: Gauge,
}

/// Labels of `rpc.server.call.duration`. The error's type is empty where this side is not at fault.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GrpcServerLabels {
    rpc_system_name: &'static str,
    rpc_method: Arc<str>,
    rpc_status_code: &'static str,
    error_type: &'static str,
}

impl GrpcServerMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let (calls, active) = (Durations::default(), Gauge::default());
        let help = "Time from a call's head to the end of its answer";
        calls.register(metrics, "rpc_server_call_duration", help);
        let help = "Calls being answered";
        metrics.register("rpc_server_active_calls", help, active.clone());
        Self { calls, active }
    }
}

/// The method that a call names.
pub(super) enum Method<'a> {
    /// One of the interfaces served.
    Known(&'a Arc<str>),
    /// Any other; its name is the caller's invention.
    Other(&'a str),
}

impl Method<'_> {
    fn name(&self) -> Arc<str> {
        match self {
            Self::Known(name) => Arc::clone(name),
            Self::Other(_) => OTHER.into(),
        }
    }
}

/// Whose connection it is; written out once, since every span says it.
#[derive(Debug)]
pub(super) struct Peer {
    at: SocketAddr,
    address: Arc<str>,
}

impl From<SocketAddr> for Peer {
    fn from(at: SocketAddr) -> Self {
        let address = at.ip().to_canonical().to_string().into();
        Self { at, address }
    }
}

impl Peer {
    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }
}

/// One call, from its head to the end of its answer. Counted when dropped.
pub(super) struct CallRecord {
    span: Span,
    started: Instant,
    code: Option<Code>,
    method: Arc<str>,
    metrics: GrpcServerMetrics,
}

impl CallRecord {
    pub(super) fn begin(
        method: &Method<'_>,
        headers: &HeaderMap,
        peer: &Peer,
        trust: &Trust,
        metrics: GrpcServerMetrics,
    ) -> Self {
        let name = method.name();
        let context = trace::extract(headers);
        let caller = context.span().span_context().clone();
        let parent = if !caller.is_valid() || trust.holds(peer.at.ip()) {
            Parent::Remote(context)
        } else {
            Parent::Linked(caller)
        };
        let span = trace::start_with(SpanKind::Server, parent, || {
            let attributes = attributes(method, Arc::clone(&name), headers, peer);
            (name.to_string().into(), attributes)
        });
        metrics.active.inc();
        Self {
            span,
            started: Instant::now(),
            code: None,
            method: name,
            metrics,
        }
    }

    /// The answer has come to its end.
    fn ended(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

const OTHER: &str = "_OTHER";

fn attributes(
    method: &Method<'_>,
    name: Arc<str>,
    headers: &HeaderMap,
    peer: &Peer,
) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new(semconv::RPC_SYSTEM_NAME, "grpc"),
        KeyValue::new(semconv::RPC_METHOD, name),
        KeyValue::new(semconv::NETWORK_TRANSPORT, "tcp"),
        KeyValue::new(semconv::NETWORK_PEER_ADDRESS, Arc::clone(&peer.address)),
        KeyValue::new(semconv::NETWORK_PEER_PORT, i64::from(peer.at.port())),
    ];
    if let Method::Other(original) = method {
        let original: String = original.chars().take(LONGEST_NAME).collect();
        attributes.push(KeyValue::new(semconv::RPC_METHOD_ORIGINAL, original));
    }
    let agent = headers.get(http::header::USER_AGENT);
    if let Some(agent) = agent.and_then(|value| value.to_str().ok()) {
        attributes.push(KeyValue::new(
            semconv::USER_AGENT_ORIGINAL,
            agent.to_owned(),
        ));
    }
    attributes
}

/// Of a method that nobody knows, in characters.
const LONGEST_NAME: usize = 128;

impl Drop for CallRecord {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        // Without a code the caller went away before the answer was sent.
        let code = self.code.unwrap_or(Code::Cancelled);
        let name = status::name(code);
        self.span.set_attribute(semconv::RPC_STATUS_CODE, name);
        let is_fault = status::is_server_fault(code);
        if is_fault {
            self.span.set_attribute(semconv::ERROR_TYPE, name);
            self.span.set_status(SpanStatus::error(""));
        }
        self.metrics.active.dec();
        let labels = GrpcServerLabels {
            rpc_system_name: "grpc",
            rpc_method: Arc::clone(&self.method),
            rpc_status_code: name,
            error_type: if is_fault { name } else { "" },
        };
        self.metrics.calls.observe(&labels, self.started.elapsed());
    }
}

/// Held by an answer until it has ended: the record of its call, unless the call is not observed.
pub(super) struct CallGuard {
    record: Option<CallRecord>,
}

impl CallGuard {
    pub(super) fn observed(record: CallRecord) -> Self {
        let record = Some(record);
        Self { record }
    }

    pub(super) fn unobserved() -> Self {
        Self { record: None }
    }

    pub(super) fn span(&self) -> Span {
        let span = self.record.as_ref().map(|record| record.span.clone());
        span.unwrap_or_else(Span::none)
    }

    pub(super) fn ended(&mut self, code: Code) {
        if let Some(record) = &mut self.record {
            record.ended(code);
        }
    }

    pub(super) fn in_span<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.record {
            Some(record) => record.span.in_scope(work),
            None => work(),
        }
    }
}

//! Spans for tests.

use std::sync::Arc;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as ProtoSpan};

use super::span::{Kind, Resource, Scope, Span, Status, Value};
use super::store::Limits;

/// More room than any test fills.
pub(crate) const ROOMY: Limits = Limits {
    traces: 100,
    spans_per_trace: 100,
    bytes: 1 << 20,
};

pub(crate) fn trace_id(number: u8) -> TraceId {
    TraceId::from_bytes([number; 16])
}

pub(crate) fn span_id(number: u8) -> SpanId {
    SpanId::from_bytes([number; 8])
}

/// A span of 1 ms and 100 bytes that begins as many seconds after 1970 as its trace's number.
pub(crate) fn span(service: &str, trace: u8, id: u8) -> Span {
    let start = u64::from(trace) * 1_000_000_000;
    Span {
        trace_id: trace_id(trace),
        span_id: span_id(id),
        parent: None,
        trace_state: String::new(),
        flags: 0,
        name: format!("work {id}"),
        kind: Kind::Internal,
        start,
        end: start + 1_000_000,
        attributes: Vec::new(),
        events: Vec::new(),
        links: Vec::new(),
        status: Status::Unset,
        description: String::new(),
        scope: Arc::default(),
        resource: Arc::new(Resource {
            service: service.to_owned(),
            attributes: Vec::new(),
        }),
        weight: 100,
    }
}

/// A span of the first trace, as an exporter sends it.
pub(crate) fn export(span_id: Vec<u8>, name: String) -> ExportTraceServiceRequest {
    let span = ProtoSpan {
        trace_id: vec![1; 16],
        span_id,
        name,
        ..ProtoSpan::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

pub(crate) fn scope(name: &str) -> Arc<Scope> {
    Arc::new(Scope {
        name: name.to_owned(),
        version: String::new(),
    })
}

/// The beginning of a round of the lab's own.
pub(crate) fn round(trace: u8) -> Span {
    let (name, value) = super::rounds::LAUNCHER;
    let attributes = vec![(name.to_owned(), Value::String(value.to_owned()))];
    Span {
        name: "poll".to_owned(),
        resource: Arc::new(Resource {
            service: "client".to_owned(),
            attributes,
        }),
        ..span("client", trace, 1)
    }
}

//! From OTLP's messages to spans.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource as WireResource;
use opentelemetry_proto::tonic::trace::v1::{Span as WireSpan, span, status};

use super::id::{span_id, trace_id};
use super::span::{Attributes, Event, Kind, Link, Resource, Scope, Span, Status, Value};
use super::weight;

/// What a request held.
#[derive(Debug, Default, PartialEq)]
pub struct Received {
    /// The spans, in their order.
    pub spans: Vec<Span>,
    /// How many had no usable ids.
    pub rejected: usize,
}

/// What Jaeger calls a process that does not name itself.
const NAMELESS: &str = "missing-service-name";

/// The deepest nesting of an attribute's value that is kept.
const MAX_DEPTH: usize = 8;

/// Takes a request apart.
pub fn received(request: ExportTraceServiceRequest) -> Received {
    let mut received = Received::default();
    for group in request.resource_spans {
        let resource = Arc::new(resource(group.resource.unwrap_or_default()));
        let first = received.spans.len();
        for group in group.scope_spans {
            let scope = group.scope.unwrap_or_default();
            let scope = Arc::new(Scope {
                name: scope.name,
                version: scope.version,
            });
            for span in group.spans {
                match kept(span, &scope, &resource) {
                    Some(span) => received.spans.push(span),
                    None => received.rejected += 1,
                }
            }
        }
        weight::add(&mut received.spans[first..], &resource);
    }
    received
}

fn resource(resource: WireResource) -> Resource {
    let mut attributes = attributes(resource.attributes);
    let named = attributes.iter().position(|(key, _)| key == "service.name");
    let service = match named.map(|index| attributes.remove(index)) {
        Some((_, Value::String(name))) if !name.is_empty() => name,
        _ => NAMELESS.to_owned(),
    };
    Resource {
        service,
        attributes,
    }
}

fn kept(span: WireSpan, scope: &Arc<Scope>, resource: &Arc<Resource>) -> Option<Span> {
    let (status, description) = match span.status {
        Some(status) => (outcome(status.code()), status.message),
        None => (Status::Unset, String::new()),
    };
    Some(Span {
        trace_id: trace_id(&span.trace_id)?,
        span_id: span_id(&span.span_id)?,
        parent: span_id(&span.parent_span_id),
        kind: side(span::SpanKind::try_from(span.kind).unwrap_or_default()),
        trace_state: span.trace_state,
        flags: span.flags,
        name: span.name,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.iter().filter_map(link).collect(),
        status,
        description,
        scope: Arc::clone(scope),
        resource: Arc::clone(resource),
        weight: 0,
    })
}

fn event(event: span::Event) -> Event {
    Event {
        time: event.time_unix_nano,
        name: event.name,
        attributes: attributes(event.attributes),
    }
}

fn link(link: &span::Link) -> Option<Link> {
    Some(Link {
        trace_id: trace_id(&link.trace_id)?,
        span_id: span_id(&link.span_id)?,
    })
}

fn side(kind: span::SpanKind) -> Kind {
    match kind {
        span::SpanKind::Unspecified => Kind::Unspecified,
        span::SpanKind::Internal => Kind::Internal,
        span::SpanKind::Server => Kind::Server,
        span::SpanKind::Client => Kind::Client,
        span::SpanKind::Producer => Kind::Producer,
        span::SpanKind::Consumer => Kind::Consumer,
    }
}

fn outcome(code: status::StatusCode) -> Status {
    match code {
        status::StatusCode::Unset => Status::Unset,
        status::StatusCode::Ok => Status::Ok,
        status::StatusCode::Error => Status::Error,
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Attributes {
    pairs
        .into_iter()
        .map(|pair| (pair.key, value(pair.value, 0)))
        .collect()
}

fn value(any: Option<AnyValue>, depth: usize) -> Value {
    let Some(any_value) = any.and_then(|any| any.value) else {
        return Value::Empty;
    };
    // Prost bounds the nesting of messages; this bounds what rendering has to follow.
    let too_deep = depth == MAX_DEPTH;
    match any_value {
        any_value::Value::ArrayValue(_) | any_value::Value::KvlistValue(_) if too_deep => {
            Value::Empty
        }
        any_value::Value::StringValue(text) => Value::String(text),
        any_value::Value::BoolValue(bool) => Value::Bool(bool),
        any_value::Value::IntValue(int) => Value::Int(int),
        any_value::Value::DoubleValue(double) => Value::Double(double),
        any_value::Value::BytesValue(bytes) => Value::Bytes(bytes),
        any_value::Value::ArrayValue(list) => Value::List(
            list.values
                .into_iter()
                .map(|any| value(Some(any), depth + 1))
                .collect(),
        ),
        any_value::Value::KvlistValue(list) => {
            let pairs = list.values.into_iter();
            Value::Map(
                pairs
                    .map(|pair| (pair.key, value(pair.value, depth + 1)))
                    .collect(),
            )
        }
        // OTLP keeps this one for profiles.
        any_value::Value::StringValueStrindex(_) => Value::Empty,
    }
}

#[cfg(test)]
mod tests;

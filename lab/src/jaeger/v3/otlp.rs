//! Traces as the JSON of OTLP. As in the JSON of Protocol Buffers, what has its default is left out,
//! and whole numbers of 64 bits are text.

use std::collections::HashSet;
use std::sync::Arc;

use opentelemetry::trace::SpanId;
use serde_json::{Map, Value as Json, json};

use crate::collector::json_value::{number, plain};
use crate::collector::span::{Attributes, Event, Kind, Link, Resource, Scope, Span, Status, Value};
use crate::collector::trace::Trace;
use crate::jaeger::model::warnings;

/// Where Jaeger puts what it thinks of a span.
const WARNINGS: &str = "@jaeger@warnings";

/// The spans of a trace, by process and library. `raw` is without warnings.
pub fn resource_spans(trace: &Trace, raw: bool) -> Vec<Json> {
    let mut spans: Vec<_> = trace.spans.iter().map(|span| &**span).collect();
    spans.sort_by_key(|span| (span.start, span.span_id.to_bytes()));
    let known: HashSet<SpanId> = spans.iter().map(|span| span.span_id).collect();
    let by_resource = grouped(spans, |span| &span.resource).into_iter();
    let group = |(resource, spans): (&Resource, Vec<&Span>)| {
        let by_scope = grouped(spans, |span| &span.scope).into_iter();
        let scopes = by_scope.map(|(scope, spans): (&Scope, Vec<&Span>)| {
            let spans = spans.into_iter().map(|span| span_json(span, &known, raw));
            json!({ "scope": scope_json(scope), "spans": spans.collect::<Vec<_>>() })
        });
        json!({ "resource": resource_json(resource), "scopeSpans": scopes.collect::<Vec<_>>() })
    };
    by_resource.map(group).collect()
}

/// Spans that share something, by that, in the order of the first of each.
fn grouped<'a, T: PartialEq>(
    spans: Vec<&'a Span>,
    shared: impl Fn(&'a Span) -> &'a Arc<T>,
) -> Vec<(&'a T, Vec<&'a Span>)> {
    let mut groups: Vec<(&T, Vec<&Span>)> = Vec::new();
    for span in spans {
        let own = &**shared(span);
        match groups.iter_mut().find(|(group, _)| *group == own) {
            Some((_, group)) => group.push(span),
            None => groups.push((own, vec![span])),
        }
    }
    groups
}

fn resource_json(resource: &Resource) -> Json {
    let name = Value::String(resource.service.clone());
    let mut all = resource.attributes.clone();
    all.push(("service.name".to_owned(), name));
    object([("attributes", attributes(&all))])
}

fn scope_json(scope: &Scope) -> Json {
    object([
        ("name", text(&scope.name)),
        ("version", text(&scope.version)),
    ])
}

fn span_json(span: &Span, known: &HashSet<SpanId>, raw: bool) -> Json {
    let mut all = span.attributes.clone();
    let warnings = if raw {
        Vec::new()
    } else {
        warnings(span, known)
    };
    if !warnings.is_empty() {
        let warnings = warnings.into_iter().map(Value::String).collect();
        all.push((WARNINGS.to_owned(), Value::List(warnings)));
    }
    let end = if raw {
        span.end
    } else {
        span.end.max(span.start)
    };
    object([
        ("traceId", Some(json!(span.trace_id.to_string()))),
        ("spanId", Some(json!(span.span_id.to_string()))),
        ("traceState", text(&span.trace_state)),
        ("parentSpanId", span.parent.map(|id| json!(id.to_string()))),
        ("flags", (span.flags != 0).then(|| json!(span.flags))),
        ("name", text(&span.name)),
        ("kind", kind(span.kind)),
        ("startTimeUnixNano", Some(json!(span.start.to_string()))),
        ("endTimeUnixNano", Some(json!(end.to_string()))),
        ("attributes", attributes(&all)),
        ("events", list(span.events.iter().map(event_json))),
        ("links", list(span.links.iter().map(link_json))),
        ("status", Some(status_json(span))),
    ])
}

fn kind(kind: Kind) -> Option<Json> {
    let number = match kind {
        Kind::Unspecified => return None,
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
        Kind::Producer => 4,
        Kind::Consumer => 5,
    };
    Some(json!(number))
}

fn status_json(span: &Span) -> Json {
    let code = match span.status {
        Status::Unset => None,
        Status::Ok => Some(json!(1)),
        Status::Error => Some(json!(2)),
    };
    object([("message", text(&span.description)), ("code", code)])
}

fn event_json(event: &Event) -> Json {
    object([
        ("timeUnixNano", Some(json!(event.time.to_string()))),
        ("name", text(&event.name)),
        ("attributes", attributes(&event.attributes)),
    ])
}

fn link_json(link: &Link) -> Json {
    json!({ "traceId": link.trace_id.to_string(), "spanId": link.span_id.to_string() })
}

/// By name, as Jaeger has them.
fn attributes(attributes: &Attributes) -> Option<Json> {
    let mut by_name: Vec<_> = attributes.iter().collect();
    by_name.sort_by(|a, b| a.0.cmp(&b.0));
    list(by_name.into_iter().map(|(key, value)| pair(key, value)))
}

fn pair(key: &str, value: &Value) -> Json {
    json!({ "key": key, "value": any(value) })
}

fn any(value: &Value) -> Json {
    match value {
        Value::Empty => json!({}),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Bool(bool) => json!({ "boolValue": bool }),
        Value::Int(int) => json!({ "intValue": int.to_string() }),
        Value::Double(double) => json!({ "doubleValue": double_json(*double) }),
        Value::Bytes(_) => json!({ "bytesValue": plain(value) }),
        Value::List(values) => {
            let values = list(values.iter().map(any));
            json!({ "arrayValue": object([("values", values)]) })
        }
        Value::Map(values) => {
            let values = list(values.iter().map(|(key, value)| pair(key, value)));
            json!({ "kvlistValue": object([("values", values)]) })
        }
    }
}

fn double_json(double: f64) -> Json {
    match double {
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        double => number(double),
    }
}

fn text(text: &str) -> Option<Json> {
    (!text.is_empty()).then(|| json!(text))
}

fn list(items: impl Iterator<Item = Json>) -> Option<Json> {
    let items: Vec<_> = items.collect();
    (!items.is_empty()).then_some(Json::Array(items))
}

/// An object of the fields that have a value.
fn object<const N: usize>(fields: [(&str, Option<Json>); N]) -> Json {
    let there = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(there.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests;

//! What holds of the spans of any export, however it was written.

use lab::collector::json_value::plain;
use lab::collector::span::{Span, Value};
use lab::collector::wire::received;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// The deepest value that is kept: `lab` cuts what is nested deeper.
const DEEPEST: usize = 9;

/// Panics where it does not hold of this export.
pub(crate) fn check(export: ExportTraceServiceRequest) {
    let groups = export.resource_spans.iter();
    let sent: usize = groups
        .flat_map(|group| &group.scope_spans)
        .map(|group| group.spans.len())
        .sum();
    let bytes = export.encode_to_vec();
    let received = received(export);
    assert_eq!(received.spans.len() + received.rejected, sent);
    received.spans.iter().for_each(is_kept_well);
    // What is kept does not depend on the way it came.
    let again = ExportTraceServiceRequest::decode(&bytes[..]).expect("it was encoded just now");
    assert_eq!(again.encode_to_vec(), bytes);
}

fn is_kept_well(span: &Span) {
    assert!(span.trace_id != TraceId::INVALID && span.span_id != SpanId::INVALID);
    assert!(span.parent != Some(SpanId::INVALID));
    let events = span.events.iter().map(|event| &event.attributes);
    let mut least = span.name.len() + span.trace_state.len() + span.description.len();
    for attributes in events.chain([&span.attributes]) {
        for (key, value) in attributes {
            assert!(depth(value) <= DEEPEST, "{value:?}");
            _ = plain(value).to_string();
            least += size_of::<(String, Value)>() + key.len() + bytes(value);
        }
    }
    assert!(
        least <= span.weight,
        "{} bytes are counted, {least} kept",
        span.weight
    );
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Map(values) => 1 + values.values().map(depth).max().unwrap_or_default(),
        _ => 1,
    }
}

/// What a value takes beside itself, at least.
fn bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => {
            let inside = |value| size_of::<Value>() + bytes(value);
            values.iter().map(inside).sum()
        }
        Value::Map(values) => {
            let inside = |(key, value): (&String, &Value)| {
                size_of::<(String, Value)>() + key.len() + bytes(value)
            };
            values.iter().map(inside).sum()
        }
        _ => 0,
    }
}

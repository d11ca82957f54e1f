use opentelemetry_proto::tonic::common::v1::{ArrayValue, InstrumentationScope, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

use super::*;

fn any(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

fn text(text: &str) -> any_value::Value {
    any_value::Value::StringValue(text.to_owned())
}

fn request(resource: Vec<KeyValue>, spans: Vec<WireSpan>) -> ExportTraceServiceRequest {
    let scope = InstrumentationScope {
        name: "runtime".to_owned(),
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        scope: Some(scope),
        spans,
        ..Default::default()
    }];
    let resource = Some(WireResource {
        attributes: resource,
        ..Default::default()
    });
    let resource_spans = vec![ResourceSpans {
        resource,
        scope_spans,
        ..Default::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

fn wire_span() -> WireSpan {
    WireSpan {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..WireSpan::default()
    }
}

#[test]
fn the_service_is_the_resource_s_name_and_no_attribute_of_it() {
    let resource = vec![
        pair("host.name", text("h")),
        pair("service.name", text("chat")),
    ];
    let received = received(request(resource, vec![wire_span()]));
    let resource = &received.spans[0].resource;
    assert_eq!(resource.service, "chat");
    assert_eq!(
        resource.attributes,
        [("host.name".to_owned(), Value::String("h".to_owned()))]
    );
}

#[test]
fn a_resource_without_a_name_is_called_as_jaeger_calls_it() {
    let received = received(request(Vec::new(), vec![wire_span()]));
    assert_eq!(received.spans[0].resource.service, "missing-service-name");
}

#[test]
fn spans_without_usable_ids_are_rejected_and_the_others_kept() {
    let without_trace = WireSpan {
        trace_id: vec![0; 16],
        ..wire_span()
    };
    let without_id = WireSpan {
        span_id: Vec::new(),
        ..wire_span()
    };
    let received = received(request(
        Vec::new(),
        vec![without_trace, wire_span(), without_id],
    ));
    assert_eq!((received.spans.len(), received.rejected), (1, 2));
}

#[test]
fn a_parent_of_zeros_is_none() {
    let span = WireSpan {
        parent_span_id: vec![0; 8],
        ..wire_span()
    };
    assert_eq!(
        received(request(Vec::new(), vec![span])).spans[0].parent,
        None
    );
}

#[test]
fn composite_values_are_kept_to_a_bounded_depth() {
    let list = |any| any_value::Value::ArrayValue(ArrayValue { values: vec![any] });
    let mut nested = text("deep");
    for _ in 0..20 {
        nested = list(AnyValue {
            value: Some(nested),
        });
    }
    let map = KeyValueList {
        values: vec![pair("a", any_value::Value::IntValue(1))],
    };
    let attributes = vec![
        pair("deep", nested),
        pair("map", any_value::Value::KvlistValue(map)),
    ];
    let span = WireSpan {
        attributes,
        ..wire_span()
    };
    let received = received(request(Vec::new(), vec![span]));
    let attributes = &received.spans[0].attributes;
    let mut depth = 0;
    let mut value = &attributes[0].1;
    while let Value::List(values) = value {
        depth += 1;
        value = &values[0];
    }
    assert_eq!((depth, value), (MAX_DEPTH, &Value::Empty));
    assert_eq!(
        attributes[1].1,
        Value::Map([("a".to_owned(), Value::Int(1))].into())
    );
}

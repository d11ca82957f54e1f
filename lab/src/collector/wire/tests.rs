use opentelemetry_proto::tonic::common::v1::{ArrayValue, InstrumentationScope, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Status as WireStatus};

use super::*;
use crate::collector::fixture;

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
    let named = |value| vec![pair("service.name", value)];
    let number = any_value::Value::IntValue(7);
    for resource in [Vec::new(), named(text("")), named(number)] {
        let received = received(request(resource, vec![wire_span()]));
        assert_eq!(received.spans[0].resource.service, "missing-service-name");
    }
}

#[test]
fn what_a_span_says_beside_its_ids_is_kept() {
    let said = WireSpan {
        kind: span::SpanKind::Consumer.into(),
        status: Some(WireStatus {
            code: status::StatusCode::Error.into(),
            message: "it broke".to_owned(),
        }),
        events: vec![span::Event {
            time_unix_nano: 5,
            name: "retry".to_owned(),
            attributes: vec![pair("try", any_value::Value::IntValue(2))],
            ..Default::default()
        }],
        links: [vec![3; 16], vec![0; 16]]
            .map(|trace_id| span::Link {
                trace_id,
                span_id: vec![4; 8],
                ..Default::default()
            })
            .into(),
        ..wire_span()
    };
    let span = received(request(Vec::new(), vec![said])).spans.remove(0);
    assert_eq!((span.kind, span.status), (Kind::Consumer, Status::Error));
    assert_eq!(span.description, "it broke");
    let event = Event {
        time: 5,
        name: "retry".to_owned(),
        attributes: vec![("try".to_owned(), Value::Int(2))],
    };
    assert_eq!(span.events, [event]);
    let link = Link {
        trace_id: fixture::trace_id(3),
        span_id: fixture::span_id(4),
    };
    assert_eq!(span.links, [link], "one of zeros leads nowhere");
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
    let list = |inner| {
        let values = vec![any(inner)];
        any_value::Value::ArrayValue(ArrayValue { values })
    };
    let map_of = |inner| {
        let values = vec![pair("a", inner)];
        any_value::Value::KvlistValue(KeyValueList { values })
    };
    let nested = (0..10).fold(text("deep"), |inner, _| list(map_of(inner)));
    let attributes = vec![
        pair("deep", nested),
        pair("map", map_of(any_value::Value::IntValue(1))),
    ];
    let span = WireSpan {
        attributes,
        ..wire_span()
    };
    let received = received(request(Vec::new(), vec![span]));
    let attributes = &received.spans[0].attributes;
    let mut depth = 0;
    let mut value = &attributes[0].1;
    while let Some(inner) = match value {
        Value::List(values) => values.first(),
        Value::Map(values) => values.get("a"),
        _ => None,
    } {
        depth += 1;
        value = inner;
    }
    assert_eq!((depth, value), (MAX_DEPTH, &Value::Empty));
    assert_eq!(
        attributes[1].1,
        Value::Map([("a".to_owned(), Value::Int(1))].into())
    );
}

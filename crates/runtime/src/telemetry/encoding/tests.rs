use opentelemetry::trace::{TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, Value};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
use prost::Message;
use std::time::Duration;

use super::*;

fn context(number: u64, is_remote: bool) -> SpanContext {
    let state = TraceState::from_key_value([("vendor", "word")]).unwrap();
    SpanContext::new(
        TraceId::from(u128::from(number)),
        SpanId::from(number),
        TraceFlags::SAMPLED,
        is_remote,
        state,
    )
}

fn attributes() -> Vec<KeyValue> {
    vec![
        KeyValue::new("text", "ação"),
        KeyValue::new("empty", ""),
        KeyValue::new("long", "x".repeat(40_000)),
        KeyValue::new("yes", true),
        KeyValue::new("no", false),
        KeyValue::new("zero", 0),
        KeyValue::new("negative", -7),
        KeyValue::new("many", i64::MAX),
        KeyValue::new("part", 0.25),
        KeyValue::new(
            "texts",
            Value::Array(Array::String(vec!["a".into(), "".into()])),
        ),
        KeyValue::new("numbers", Value::Array(Array::I64(vec![0, 300]))),
        KeyValue::new("parts", Value::Array(Array::F64(vec![0.0, 1.5]))),
        KeyValue::new("words", Value::Array(Array::Bool(vec![true, false]))),
    ]
}

fn span(number: u64, kind: SpanKind, status: Status, scope: &'static str) -> SpanData {
    let start = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
    let mut links = SpanLinks::default();
    links.links = vec![Link::new(context(77, true), attributes(), 3)];
    let mut events = SpanEvents::default();
    events.events = vec![Event::new("happened", start, attributes(), 2)];
    events.dropped_count = 300;
    let with_all = number.is_multiple_of(2);
    SpanData {
        span_context: context(number, false),
        parent_span_id: SpanId::from(number - 1),
        parent_span_is_remote: with_all,
        span_kind: kind,
        name: "GET /".into(),
        start_time: start,
        end_time: start + Duration::from_millis(number),
        attributes: if with_all { attributes() } else { Vec::new() },
        dropped_attributes_count: 5,
        events: if with_all {
            events
        } else {
            SpanEvents::default()
        },
        links: if with_all {
            links
        } else {
            SpanLinks::default()
        },
        status,
        instrumentation_scope: InstrumentationScope::builder(scope)
            .with_version("1.2.3")
            .with_attributes([KeyValue::new("of", "scope")])
            .build(),
    }
}

#[test]
fn a_batch_is_what_the_exporter_makes_of_it() {
    let resource = Resource::builder_empty()
        .with_schema_url(attributes(), "https://example.com/schema")
        .build();
    let batch = vec![
        span(1, SpanKind::Server, Status::Unset, "one"),
        span(2, SpanKind::Client, Status::Ok, "one"),
        span(3, SpanKind::Internal, Status::error("é tarde"), "other"),
        span(4, SpanKind::Producer, Status::error(""), "other"),
        span(5, SpanKind::Consumer, Status::Unset, "other"),
    ];
    let ours = EncodedResource::new(&resource).request(&batch);
    let expected = ExportTraceServiceRequest {
        resource_spans: group_spans_by_resource_and_scope(batch, &(&resource).into()),
    };
    let decoded = ExportTraceServiceRequest::decode(&*ours).unwrap();
    assert_eq!(decoded, expected);
    assert_eq!(ours.len(), expected.encoded_len());
}

#[test]
fn a_message_within_says_its_length_in_as_few_bytes_as_hold_it() {
    for size in [0, 1, 127, 128, 129, 16_383, 16_384, 40_000] {
        let content = vec![7; size];
        let (mut message, mut bytes) = (Protobuf::default(), Protobuf::default());
        message.message(3, |inside| inside.0.extend_from_slice(&content));
        message.message_after::<2>(3, |inside| inside.0.extend_from_slice(&content));
        message.message_after::<3>(3, |inside| inside.0.extend_from_slice(&content));
        for _ in 0..3 {
            bytes.bytes(3, &content);
        }
        assert_eq!(message.0, bytes.0, "{size}");
    }
}

/// An attribute as `prost` writes it.
fn by_prost(field: u32, key: &str, value: &Value) -> Vec<u8> {
    let (key, value) = (key.to_owned(), Some(value.clone().into()));
    let pair = common::v1::KeyValue {
        key,
        value,
        ..Default::default()
    };
    let mut bytes = Vec::new();
    prost::encoding::message::encode(field, &pair, &mut bytes);
    bytes
}

#[test]
fn an_attribute_is_what_prost_makes_of_it_however_long_it_is() {
    let texts = (0..300).map(|length| Value::from("x".repeat(length)));
    let numbers = (0..64).flat_map(|bit| [1_i64 << bit, (1_i64 << bit).wrapping_sub(1)]);
    let others = [Value::from(true), Value::from(0.0), Value::from(-1)];
    for value in texts.chain(numbers.map(Value::from)).chain(others) {
        for key in (0..=140).step_by(5).chain(110..130) {
            let key = "k".repeat(key);
            let mut ours = Protobuf::default();
            ours.attribute(9, &key, &value);
            assert_eq!(ours.0, by_prost(9, &key, &value), "{key}: {value}");
        }
    }
}

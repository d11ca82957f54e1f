//! Our JSON of a trace is Jaeger's, value for value.
//!
//! `data/jaeger-*.json` are the answers of Jaeger 2.13 to `GET /api/traces/{id}` after
//! `POST /v1/traces` with the very request built here; only its spans and processes, whose order and
//! numbers change from answer to answer, were put in the order of their start. `data/jaeger-v3-*.json`
//! are those to `GET /api/v3/traces/{id}`, the events of a span by their time and the values of a map by
//! their name: Jaeger sorts the ones by name, and the others not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::body::Body;
use axum::http::Request;
use bytesize::ByteSize;
use http_body_util::BodyExt;
use lab::collector::{Limits, SharedStore};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use serde_json::Value;
use tower::ServiceExt;

const HTTP_TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const RELAY_TRACE: u128 = HTTP_TRACE + 1;
const CLIENT: u64 = 0xb7ad_6b71_6920_3331;
const SERVER: u64 = CLIENT + 1;
const CONSUMER: u64 = CLIENT + 16;

/// 2026-11-21, 05:04:25 UTC.
const START: u64 = 1_795_237_465_000_000_000;

#[tokio::test]
async fn a_call_over_http_reads_as_in_jaeger() {
    assert_same(
        "/api/traces",
        HTTP_TRACE,
        include_str!("data/jaeger-http.json"),
    )
    .await;
}

#[tokio::test]
async fn a_relayed_message_with_links_reads_as_in_jaeger() {
    assert_same(
        "/api/traces",
        RELAY_TRACE,
        include_str!("data/jaeger-relay.json"),
    )
    .await;
}

#[tokio::test]
async fn a_call_over_http_reads_as_in_jaeger_by_version_3() {
    assert_same(
        "/api/v3/traces",
        HTTP_TRACE,
        include_str!("data/jaeger-v3-http.json"),
    )
    .await;
}

async fn assert_same(path: &str, trace: u128, jaeger: &str) {
    let store = SharedStore::new(Limits {
        traces: 10,
        spans_per_trace: 10,
        bytes: 1 << 20,
    });
    let receiver = lab::collector::http::routes(store.clone(), ByteSize::mib(1));
    let export = Request::post("/v1/traces").header("content-type", "application/x-protobuf");
    let export = export.body(Body::from(request().encode_to_vec())).unwrap();
    assert_eq!(receiver.oneshot(export).await.unwrap().status(), 200);

    let question = Request::get(format!("{path}/{trace:032x}"))
        .body(Body::empty())
        .unwrap();
    let answer = lab::jaeger::routes(store).oneshot(question).await.unwrap();
    let answer = answer.into_body().collect().await.unwrap().to_bytes();
    let ours: Value = serde_json::from_slice(&answer).unwrap();
    let theirs: Value = serde_json::from_str(jaeger).unwrap();
    assert_eq!(ours, theirs, "ours:\n{ours:#}\nJaeger's:\n{theirs:#}");
}

/// What a client, a server and a relay of messages export, with every kind of value among it.
fn request() -> ExportTraceServiceRequest {
    let resource_spans = vec![
        exported("desafio1-client", "runtime", vec![client_span()]),
        exported(
            "desafio1-servidor",
            "runtime",
            vec![server_span(), linked_span()],
        ),
        exported("serviceB", "", vec![consumer_span(), orphan_span()]),
        exported(
            "",
            "elsewhere",
            vec![span(RELAY_TRACE, CONSUMER + 2, "no kind", 9_100_000)],
        ),
    ];
    ExportTraceServiceRequest { resource_spans }
}

fn client_span() -> Span {
    let list = vec![
        any(text("a")),
        any(Any::IntValue(2)),
        any(Any::BoolValue(false)),
    ];
    let map = vec![pair("z", text("x")), pair("a", Any::IntValue(1))];
    Span {
        end_time_unix_nano: START + 5_000_999,
        kind: SpanKind::Client.into(),
        trace_state: "a=1,b=2".to_owned(),
        flags: 257,
        attributes: vec![
            pair("http.request.method", text("GET")),
            pair("http.response.status_code", Any::IntValue(200)),
            pair("ok", Any::BoolValue(true)),
            pair("ratio", Any::DoubleValue(0.5)),
            pair("whole", Any::DoubleValue(2.0)),
            pair("list", Any::ArrayValue(ArrayValue { values: list })),
            pair("map", Any::KvlistValue(KeyValueList { values: map })),
            pair("bytes", Any::BytesValue(vec![0, 1, 2])),
            KeyValue {
                key: "empty".to_owned(),
                ..KeyValue::default()
            },
        ],
        status: Some(Status::default()),
        ..span(HTTP_TRACE, CLIENT, "GET", 1_500)
    }
}

fn server_span() -> Span {
    let event = |after, name: &str, attributes| Event {
        time_unix_nano: START + after,
        name: name.to_owned(),
        attributes,
        ..Event::default()
    };
    let exception = vec![
        pair("exception.message", text("oops")),
        pair("n", Any::IntValue(3)),
    ];
    Span {
        parent_span_id: CLIENT.to_be_bytes().to_vec(),
        kind: SpanKind::Server.into(),
        attributes: vec![pair("http.route", text("/"))],
        events: vec![
            event(2_000_000, "exception", exception),
            event(2_500_000, "", Vec::new()),
            event(2_600_000, "named twice", vec![pair("event", text("own"))]),
        ],
        status: Some(Status {
            message: "it broke".to_owned(),
            code: 2,
        }),
        ..span(HTTP_TRACE, SERVER, "GET /", 1_000_000)
    }
}

/// Linked to its own parent and to another trace, with attributes named like derived tags.
fn linked_span() -> Span {
    Span {
        parent_span_id: SERVER.to_be_bytes().to_vec(),
        kind: SpanKind::Internal.into(),
        // Within its parent's time: where it is not, Jaeger warns of clock skew and we do not.
        end_time_unix_nano: START + 1_100_500,
        links: vec![link(HTTP_TRACE, SERVER), link(RELAY_TRACE, CONSUMER)],
        attributes: vec![
            pair("span.kind", text("mine")),
            pair("error", text("mine")),
            pair("otel.status_code", text("mine")),
        ],
        ..span(HTTP_TRACE, SERVER + 1, "internal", 1_100_000)
    }
}

fn consumer_span() -> Span {
    Span {
        kind: SpanKind::Consumer.into(),
        links: vec![link(HTTP_TRACE, SERVER)],
        status: Some(Status {
            code: 1,
            ..Status::default()
        }),
        ..span(RELAY_TRACE, CONSUMER, "process", 9_000_000)
    }
}

/// A span whose parent never arrived.
fn orphan_span() -> Span {
    Span {
        parent_span_id: 0xff_u64.to_be_bytes().to_vec(),
        kind: SpanKind::Producer.into(),
        status: Some(Status {
            message: "unset with text".to_owned(),
            code: 0,
        }),
        ..span(RELAY_TRACE, CONSUMER + 1, "send", 9_050_000)
    }
}

fn span(trace: u128, id: u64, name: &str, after: u64) -> Span {
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        name: name.to_owned(),
        start_time_unix_nano: START + after,
        end_time_unix_nano: START + after + 1_999_500,
        ..Span::default()
    }
}

fn link(trace: u128, span: u64) -> Link {
    Link {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: span.to_be_bytes().to_vec(),
        ..Link::default()
    }
}

fn exported(service: &str, scope: &str, spans: Vec<Span>) -> ResourceSpans {
    let mut attributes = vec![
        pair("service.version", text("0.1.0")),
        pair("service.instance.id", text(&format!("{service}-1"))),
        pair("process.pid", Any::IntValue(42)),
    ];
    if !service.is_empty() {
        attributes.insert(0, pair("service.name", text(service)));
    }
    let version = if scope == "runtime" { "0.1.0" } else { "" }.to_owned();
    let scope = InstrumentationScope {
        name: scope.to_owned(),
        version,
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        scope: Some(scope),
        spans,
        ..Default::default()
    }];
    let resource = Some(Resource {
        attributes,
        ..Resource::default()
    });
    ResourceSpans {
        resource,
        scope_spans,
        ..Default::default()
    }
}

fn text(text: &str) -> Any {
    Any::StringValue(text.to_owned())
}

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

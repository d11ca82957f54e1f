use std::io::Write;

use axum::http::{HeaderName, Method, Request};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::*;
use crate::collector::fixture::{ROOMY, export, trace_id};
use crate::page::guard::{Hosts, guarded};

/// More than any test sends.
const MOST: ByteSize = ByteSize::kib(64);

async fn ask(
    store: &SharedStore,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .header("host", "localhost:4318")
        .body(axum::body::Body::from(body))
        .unwrap();
    let routes = guarded(routes(store.clone(), MOST), Hosts::new(&[]));
    let answer = routes.oneshot(request).await.unwrap();
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    (head.status, head.headers, body)
}

async fn post(headers: &[(&str, &str)], body: Vec<u8>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let store = SharedStore::new(ROOMY);
    ask(&store, (Method::POST, "/v1/traces"), headers, body).await
}

fn exported(span_id: Vec<u8>) -> Vec<u8> {
    export(span_id, String::new()).encode_to_vec()
}

fn json_export(span_id: &str) -> Vec<u8> {
    let span = json!({"traceId": "01".repeat(16), "spanId": span_id});
    let scope_spans = json!([{"spans": [span]}]);
    let export = json!({"resourceSpans": [{"scopeSpans": scope_spans}]});
    export.to_string().into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const AS_PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const AS_JSON: (&str, &str) = ("content-type", "application/json");
const AS_GZIP: (&str, &str) = ("content-encoding", "gzip");

/// `google.rpc.Status`, as a client knows it.
fn rpc_status(body: &[u8]) -> tonic_types::Status {
    tonic_types::Status::decode(body).unwrap()
}

#[tokio::test]
async fn what_is_exported_is_kept_and_answered_in_its_own_format() {
    let exports = [
        (AS_PROTOBUF, exported(vec![2; 8]), vec![]),
        (AS_JSON, json_export("0202020202020202"), b"{}".to_vec()),
    ];
    for (format, body, expected) in exports {
        for compressed in [false, true] {
            let store = SharedStore::new(ROOMY);
            let (headers, body) = if compressed {
                (vec![format, AS_GZIP], gzip(&body))
            } else {
                (vec![format], body.clone())
            };
            let path = (Method::POST, "/v1/traces");
            let (status, answered, answer) = ask(&store, path, &headers, body).await;
            assert_eq!(
                (status, &answer),
                (StatusCode::OK, &expected),
                "{headers:?}"
            );
            assert_eq!(answered["content-type"], format.1);
            assert_eq!(store.lock().trace(trace_id(1)).unwrap().spans.len(), 1);
        }
    }
}

#[tokio::test]
async fn rejected_spans_are_a_partial_success() {
    let (status, _, body) = post(&[AS_PROTOBUF], exported(Vec::new())).await;
    assert_eq!(status, StatusCode::OK);
    let answer = ExportTraceServiceResponse::decode(body.as_slice()).unwrap();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);
    let (_, _, body) = post(&[AS_JSON], json_export("no id")).await;
    let answer: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
}

#[tokio::test]
async fn a_format_that_is_not_known_is_told_which_are() {
    let (status, _, body) = post(&[("content-type", "text/plain")], Vec::new()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.contains("application/x-protobuf") && body.contains("application/json"),
        "{body}"
    );
    let (code, _, body) = post(&[AS_PROTOBUF, ("content-encoding", "br")], Vec::new()).await;
    assert_eq!(code, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert!(rpc_status(&body).message.contains("gzip"));
}

#[tokio::test]
async fn what_is_no_export_is_refused_in_the_format_of_the_request() {
    let (code, headers, body) = post(&[AS_PROTOBUF], vec![0xff; 9]).await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let status = rpc_status(&body);
    assert_eq!(status.code, 3);
    assert!(
        status
            .message
            .starts_with("not an ExportTraceServiceRequest")
    );

    let (code, headers, body) = post(&[AS_JSON], b"{\"resourceSpans\":1}".to_vec()).await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    assert_eq!(headers["content-type"], "application/json");
    let status: Json = serde_json::from_slice(&body).unwrap();
    assert_eq!(status["code"], 3);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("resourceSpans"),
        "{status}"
    );

    let (code, _, _) = post(&[AS_JSON, AS_GZIP], b"{}".to_vec()).await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_little_gzip_that_becomes_much_is_refused() {
    let bomb = gzip(&vec![0; 1 << 20]);
    assert!(bomb.len() < 2_000);
    let (code, _, body) = post(&[AS_PROTOBUF, AS_GZIP], bomb).await;
    assert_eq!(code, StatusCode::PAYLOAD_TOO_LARGE);
    let status = rpc_status(&body);
    assert_eq!(status.code, 8);
    assert!(
        status.message.contains("LAB_MAX_EXPORT_BYTES"),
        "{}",
        status.message
    );
}

#[tokio::test]
async fn what_is_not_taken_is_counted_by_reason() {
    let store = SharedStore::new(ROOMY);
    let encoded = [AS_PROTOBUF, ("content-encoding", "br")];
    let bomb = gzip(&vec![0; 1 << 20]);
    let sent: [(&[_], _); 7] = [
        (&[("content-type", "text/plain")], vec![]),
        (&encoded, vec![]),
        (&[AS_PROTOBUF, AS_GZIP], vec![1]),
        (&[AS_PROTOBUF, AS_GZIP], bomb),
        (&[AS_PROTOBUF], vec![0xff]),
        (&[AS_JSON], b"{".to_vec()),
        (&[AS_PROTOBUF], exported(vec![2; 8])),
    ];
    for (headers, body) in sent {
        ask(&store, (Method::POST, "/v1/traces"), headers, body).await;
    }
    ask(
        &store,
        (Method::POST, "/v1/logs"),
        &[AS_JSON, AS_GZIP],
        vec![1],
    )
    .await;
    let counts = store.refusals().counts();
    let expected = [
        ("content_type", 1),
        ("content_encoding", 1),
        ("gzip", 2),
        ("too_large", 1),
        ("protobuf", 1),
        ("json", 1),
        ("unread", 0),
    ];
    assert_eq!(counts, expected.into());
    let metrics = runtime::metrics::Metrics::new("lab", "1.0.0");
    store.refusals().register(&metrics);
    let line = "\nlab_exports_refused_total{reason=\"gzip\"} 2\n";
    assert!(metrics.render().unwrap().contains(line));
}

#[tokio::test]
async fn metrics_and_logs_are_taken_and_said_not_to_be_shown() {
    let store = SharedStore::new(ROOMY);
    for path in ["/v1/metrics", "/v1/logs"] {
        let (code, _, body) = ask(&store, (Method::POST, path), &[AS_PROTOBUF], vec![]).await;
        assert_eq!(code, StatusCode::OK);
        let partial = ExportTraceServiceResponse::decode(body.as_slice()).unwrap();
        let partial = partial.partial_success.unwrap();
        assert_eq!(partial.rejected_spans, 0);
        assert!(partial.error_message.contains("not shown"));
        let (_, _, body) = ask(&store, (Method::POST, path), &[AS_JSON], vec![]).await;
        let answer: Json = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["partialSuccess"].as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_page_on_this_machine_may_send_and_a_foreign_one_may_not() {
    let store = SharedStore::new(ROOMY);
    let preflight = |origin| {
        let headers = vec![
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,x-key"),
        ];
        let store = store.clone();
        async move { ask(&store, (Method::OPTIONS, "/v1/traces"), &headers, vec![]).await }
    };
    let allowed = |headers: &HeaderMap, name| {
        let name = HeaderName::from_static(name);
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let page = "http://localhost:3000";
    let (code, headers, _) = preflight(page).await;
    assert_eq!(code, StatusCode::NO_CONTENT);
    assert_eq!(
        allowed(&headers, "access-control-allow-origin").as_deref(),
        Some(page)
    );
    assert_eq!(
        allowed(&headers, "access-control-allow-headers").as_deref(),
        Some("content-type,x-key")
    );
    let (code, headers, _) = post(&[AS_JSON, ("origin", page)], b"{}".to_vec()).await;
    assert_eq!(code, StatusCode::OK);
    assert_eq!(
        allowed(&headers, "access-control-allow-origin").as_deref(),
        Some(page)
    );

    let (code, headers, _) = preflight("https://evil.example").await;
    assert_eq!(code, StatusCode::FORBIDDEN);
    assert_eq!(allowed(&headers, "access-control-allow-origin"), None);
}

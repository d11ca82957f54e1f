use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tower::ServiceExt;

use super::*;
use crate::collector::fixture::{ROOMY, trace_id};

async fn post(
    store: &SharedStore,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (StatusCode, Vec<u8>) {
    let mut request = Request::post("/v1/traces");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).unwrap();
    let answer = routes(store.clone()).oneshot(request).await.unwrap();
    let status = answer.status();
    (
        status,
        answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
}

fn export(span_id: Vec<u8>) -> Vec<u8> {
    let span = Span {
        trace_id: vec![1; 16],
        span_id,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

const AS_PROTOBUF: (&str, &str) = ("content-type", PROTOBUF);

#[tokio::test]
async fn what_is_exported_is_kept_and_answered_in_protobuf() {
    let store = SharedStore::new(ROOMY);
    let (status, body) = post(&store, &[AS_PROTOBUF], export(vec![2; 8])).await;
    assert_eq!(status, StatusCode::OK);
    let answer = ExportTraceServiceResponse::decode(body.as_slice()).unwrap();
    assert_eq!(answer, ExportTraceServiceResponse::default());
    assert_eq!(store.lock().trace(trace_id(1)).unwrap().spans.len(), 1);
}

#[tokio::test]
async fn rejected_spans_are_a_partial_success() {
    let (status, body) = post(&SharedStore::new(ROOMY), &[AS_PROTOBUF], export(Vec::new())).await;
    assert_eq!(status, StatusCode::OK);
    let answer = ExportTraceServiceResponse::decode(body.as_slice()).unwrap();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);
}

#[tokio::test]
async fn json_and_compressed_exports_are_refused_with_the_setting_that_mends_it() {
    let json = [("content-type", "application/json; charset=utf-8")];
    let gzip = [AS_PROTOBUF, ("content-encoding", "gzip")];
    for (headers, named) in [(&json[..], "http/protobuf"), (&gzip[..], "COMPRESSION")] {
        let (status, body) = post(&SharedStore::new(ROOMY), headers, Vec::new()).await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(named), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_export_is_refused() {
    let (status, body) = post(&SharedStore::new(ROOMY), &[AS_PROTOBUF], vec![0xff; 9]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body.starts_with(b"not an ExportTraceServiceRequest"));
}

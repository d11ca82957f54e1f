//! A question to the lab's query API: answered in JSON, and whatever is wrong with it is the
//! asker's fault.

use axum::body::Body;
use futures_util::FutureExt;
use http::{Request, Uri};
use http_body_util::BodyExt;
use lab::collector::{Limits, SharedStore, json, wire::received};
use lab::jaeger::routes;
use tower::ServiceExt;

/// What is asked about.
const EXPORT: &[u8] = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},
"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00f067aa0ba902b7","name":"GET /","kind":2,
"startTimeUnixNano":"1000","endTimeUnixNano":"3000","attributes":[{"key":"http.request.method","value":{"stringValue":"GET"}}]}]}]}]}"#;

/// Panics where it does not hold of this path and query.
pub fn check(sent: &[u8]) {
    let Ok(uri) = Uri::try_from(sent) else { return };
    if !uri.path().starts_with("/api") {
        return;
    }
    let limits = Limits {
        traces: 4,
        spans_per_trace: 4,
        bytes: 4096,
    };
    let store = SharedStore::new(limits);
    store.keep(received(json::export(EXPORT).expect("it is one")).spans);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let answer = routes(store).oneshot(request).now_or_never();
    let answer = answer
        .expect("nothing to wait for")
        .expect("a router is infallible");
    let (head, body) = answer.into_parts();
    assert!(!head.status.is_server_error(), "{}", head.status);
    let body = body
        .collect()
        .now_or_never()
        .expect("the whole answer is there");
    let body = body.expect("it is whole").to_bytes();
    let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
    // axum itself says in text what is wrong with an escape in a path.
    assert!(is_json || head.status.is_client_error(), "{body:?}");
}

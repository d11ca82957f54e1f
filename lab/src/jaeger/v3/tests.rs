use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::collector::fixture::{ROOMY, span, span_id, trace_id};
use crate::collector::span::{Kind, Span};

async fn ask(store: &SharedStore, path: &str) -> (u16, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    // Through the whole API: its other paths must not take these.
    let routes = crate::jaeger::routes(store.clone());
    let answer = routes.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

fn filled() -> SharedStore {
    let store = SharedStore::new(ROOMY);
    store.lock().insert(span("cliente", 1, 1));
    store.lock().insert(Span {
        parent: Some(span_id(1)),
        kind: Kind::Server,
        ..span("servidor", 1, 2)
    });
    store.lock().insert(Span {
        kind: Kind::Unspecified,
        ..span("servidor", 2, 2)
    });
    store
}

/// Up to 1970-01-01T00:00:09Z: fixtures begin a few seconds after 1970.
const WHEN: &str =
    "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=1970-01-01T00:00:09Z";

#[tokio::test]
async fn services_and_operations_are_lists_also_where_there_are_none() {
    let empty = SharedStore::new(ROOMY);
    let none = (200, json!({"services": []}));
    assert_eq!(ask(&empty, "/api/v3/services").await, none);
    let none = (200, json!({"operations": []}));
    assert_eq!(ask(&empty, "/api/v3/operations?service=x").await, none);

    let services = json!({"services": ["cliente", "servidor"]});
    assert_eq!(ask(&filled(), "/api/v3/services").await.1, services);
    let operation = |kind| json!({"name": "work 2", "spanKind": kind});
    let all = json!({"operations": [operation("internal"), operation("server")]});
    assert_eq!(
        ask(&filled(), "/api/v3/operations?service=servidor")
            .await
            .1,
        all
    );
    for name in ["spanKind", "span_kind"] {
        let path = format!("/api/v3/operations?service=servidor&{name}=server");
        let servers = json!({"operations": [operation("server")]});
        assert_eq!(ask(&filled(), &path).await.1, servers);
    }
}

#[tokio::test]
async fn a_trace_is_in_an_envelope_and_a_missing_one_is_said_as_jaeger_does() {
    let (status, body) = ask(&filled(), &format!("/api/v3/traces/{}", trace_id(1))).await;
    let groups = body["result"]["resourceSpans"].as_array().unwrap();
    assert_eq!((status, groups.len()), (200, 2));

    let missing = json!({"error": {"httpCode": 404, "message": "No traces found"}});
    let path = format!("/api/v3/traces/{}", trace_id(9));
    assert_eq!(ask(&filled(), &path).await, (404, missing.clone()));
    let path = format!("/api/v3/traces?{WHEN}&query.serviceName=nobody");
    assert_eq!(ask(&filled(), &path).await, (404, missing));
    let (status, body) = ask(&filled(), "/api/v3/traces/zz").await;
    assert_eq!((status, &body["error"]["httpCode"]), (400, &json!(400)));
    assert_eq!(ask(&filled(), "/api/v3/nothing").await.0, 404);
}

#[tokio::test]
async fn a_search_is_of_all_services_unless_it_names_one() {
    let found = async |query: &str| {
        let path = format!("/api/v3/trace-summaries?{WHEN}{query}");
        let (status, body) = ask(&filled(), &path).await;
        assert_eq!(status, 200, "{body}");
        let summaries = body["summaries"].as_array().unwrap().clone();
        summaries
            .into_iter()
            .map(|summary| summary["traceId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (first, second) = (trace_id(1).to_string(), trace_id(2).to_string());
    assert_eq!(found("").await, [second.clone(), first.clone()]);
    assert_eq!(found("&query.serviceName=cliente").await, [first]);
    assert_eq!(found("&query.searchDepth=1").await, [second]);
    assert!(found("&query.serviceName=nobody").await.is_empty());

    let path = format!("/api/v3/traces?{WHEN}&query.service_name=servidor");
    let (_, body) = ask(&filled(), &path).await;
    assert_eq!(body["result"]["resourceSpans"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn edges_have_their_counts_as_text() {
    let path = "/api/v3/dependencies?startTime=1970-01-01T00:00:00Z&endTime=1970-01-01T00:00:09Z";
    let edge = json!({"parent": "cliente", "child": "servidor", "callCount": "1"});
    assert_eq!(
        ask(&filled(), path).await,
        (200, json!({"dependencies": [edge]}))
    );
    assert_eq!(
        ask(&filled(), "/api/v3/dependencies?endTime=x").await.0,
        400
    );
}

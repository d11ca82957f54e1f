use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::collector::fixture::{ROOMY, span, span_id, trace_id};
use crate::collector::span::Span;

async fn get_from(routes: Router, path: &str) -> (u16, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = routes.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn ask(store: &SharedStore, path: &str) -> (u16, Value) {
    get_from(routes(store.clone()), path).await
}

fn filled() -> SharedStore {
    let store = SharedStore::new(ROOMY);
    store.lock().insert(span("client", 1, 1));
    store.lock().insert(span("server", 1, 2));
    store.lock().insert(span("server", 2, 2));
    store
}

#[tokio::test]
async fn services_are_listed_with_their_number() {
    let expected = json!({
        "data": ["client", "server"], "total": 2, "limit": 0, "offset": 0, "errors": null,
    });
    assert_eq!(ask(&filled(), "/api/services").await, (200, expected));
}

#[tokio::test]
async fn an_empty_list_is_null_as_in_jaeger() {
    let store = SharedStore::new(ROOMY);
    assert_eq!(ask(&store, "/api/services").await.1["data"], Value::Null);
    let traces = ask(&store, "/api/traces?service=nobody").await.1;
    assert_eq!(traces["data"], json!([]));
}

#[tokio::test]
async fn operations_are_names_or_names_with_their_side() {
    let store = filled();
    let names = ask(&store, "/api/services/server/operations").await.1;
    assert_eq!(names["data"], json!(["work 2"]));
    let sides = ask(&store, "/api/operations?service=server&spanKind=internal")
        .await
        .1;
    assert_eq!(
        sides["data"],
        json!([{"name": "work 2", "spanKind": "internal"}])
    );
    let others = ask(&store, "/api/operations?service=server&spanKind=client")
        .await
        .1;
    assert_eq!(others["data"], Value::Null);
}

#[tokio::test]
async fn traces_are_searched_for_by_service_and_time() {
    let store = filled();
    let found = ask(&store, "/api/traces?service=server&start=0&limit=5")
        .await
        .1;
    let ids: Vec<_> = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["traceID"])
        .collect();
    assert_eq!(
        ids,
        [
            &json!(trace_id(2).to_string()),
            &json!(trace_id(1).to_string())
        ]
    );
    let recent = ask(&store, "/api/traces?service=server&lookback=1h")
        .await
        .1;
    assert_eq!(recent["data"], json!([]));
}

#[tokio::test]
async fn a_trace_is_answered_by_its_id_with_every_service_in_it() {
    let (status, body) = ask(&filled(), &format!("/api/traces/{}", trace_id(1))).await;
    assert_eq!(status, 200);
    assert_eq!(body["data"][0]["spans"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_trace_that_is_not_there_is_said_in_jaeger_s_words() {
    let errors = json!([{"code": 404, "msg": "trace not found"}]);
    let body = json!({"data": null, "total": 0, "limit": 0, "offset": 0, "errors": errors});
    let answer = ask(&filled(), &format!("/api/traces/{}", trace_id(9))).await;
    assert_eq!(answer, (404, body));
    assert_eq!(ask(&filled(), "/api/traces/zzz").await.0, 400);
}

#[tokio::test]
async fn several_ids_answer_what_there_is_and_name_what_is_not() {
    let (there, away) = (trace_id(1).to_string(), trace_id(9).to_string());
    let path = format!("/api/traces?traceID={there}&traceID={away}");
    let (status, body) = ask(&filled(), &path).await;
    assert_eq!((status, &body["data"][0]["traceID"]), (200, &json!(there)));
    assert_eq!(
        body["errors"],
        json!([{"msg": "trace not found", "traceID": away}])
    );
}

#[tokio::test]
async fn a_search_without_a_service_is_refused() {
    let errors = json!([{"code": 400, "msg": "parameter 'service' is required"}]);
    let (status, body) = ask(&filled(), "/api/traces").await;
    assert_eq!((status, &body["errors"]), (400, &errors));
}

#[tokio::test]
async fn where_spans_go_elsewhere_every_path_says_where() {
    let (status, body) = get_from(elsewhere("http://collector:4318"), "/api/services").await;
    assert_eq!(status, 503);
    assert!(
        body["errors"][0]["msg"]
            .as_str()
            .unwrap()
            .contains("http://collector:4318")
    );
}

#[tokio::test]
async fn the_edges_between_services_need_no_parameter() {
    let store = filled();
    store.lock().insert(Span {
        parent: Some(span_id(1)),
        ..span("server", 1, 3)
    });
    let (status, body) = ask(&store, "/api/dependencies?endTs=10000&lookback=10000").await;
    assert_eq!(status, 200);
    assert_eq!(
        body["data"],
        json!([{"parent": "client", "child": "server", "callCount": 1}])
    );
    let (status, body) = ask(&store, "/api/dependencies").await;
    assert_eq!((status, &body["data"]), (200, &json!(null)));
    assert_eq!(ask(&filled(), "/api/dependencies?endTs=now").await.0, 400);
}

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::collector::SharedStore;
use crate::collector::fixture::{ROOMY, round, span, trace_id};
use crate::collector::refusals::Reason;
use crate::page::Shown;
use crate::supervisor::log_book::LogBook;
use crate::supervisor::status::StatusRegistry;

fn page() -> (SharedStore, Router) {
    let store = SharedStore::new(ROOMY);
    let shown = Shown {
        plans: [].into(),
        samples: crate::samples::Samples::default(),
        registry: StatusRegistry::new(&[]),
        store: store.clone(),
        logs: LogBook::default(),
        client: reqwest::Client::new(),
        spans_elsewhere: None,
    };
    (store, crate::page::routes(shown))
}

async fn ask(page: &Router, path: &str, known: &str) -> (u16, String, Vec<u8>) {
    let request = Request::get(path)
        .header(IF_NONE_MATCH, known)
        .body(Body::empty())
        .unwrap();
    let answer = page.clone().oneshot(request).await.unwrap();
    let tag = answer.headers()[ETAG].to_str().unwrap().to_owned();
    let status = answer.status().as_u16();
    (
        status,
        tag,
        answer
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes()
            .to_vec(),
    )
}

#[tokio::test]
async fn the_latest_traces_come_first() {
    let (store, page) = page();
    store.lock().insert(span("a", 1, 1));
    store.lock().insert(span("b", 2, 1));
    let (_, _, body) = ask(&page, "/lab/traces?limit=9", "").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["traces"][0]["id"], trace_id(2).to_string());
    assert_eq!(body["spans"]["kept"], 2);
}

#[tokio::test]
async fn exports_that_were_not_taken_are_told_by_reason() {
    let (store, page) = page();
    store.refusals().count(Reason::TooLarge);
    let (_, _, body) = ask(&page, "/lab/traces", "").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let refused = &body["exports"]["refused"];
    assert_eq!(
        (&refused["too_large"], &refused["gzip"]),
        (&1.into(), &0.into())
    );
}

#[tokio::test]
async fn a_trace_can_be_asked_for_alone() {
    let (store, page) = page();
    store.lock().insert(span("a", 1, 1));
    store.lock().insert(span("b", 2, 1));
    for (id, found) in [(trace_id(1).to_string(), 1), ("1f".repeat(16), 0)] {
        let (status, _, body) = ask(&page, &format!("/lab/traces?trace={id}"), "").await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        let traces = body["traces"].as_array().unwrap();
        assert_eq!((status, traces.len()), (200, found), "{id}");
        assert!(traces.iter().all(|trace| trace["id"] == *id));
    }
}

#[tokio::test]
async fn who_has_the_state_already_gets_no_body_until_it_changes() {
    let (store, page) = page();
    let (status, tag, _) = ask(&page, "/lab/traces", "").await;
    assert_eq!(status, 200);
    let (status, again, body) = ask(&page, "/lab/traces", &tag).await;
    assert_eq!((status, again.as_str(), body.len()), (304, tag.as_str(), 0));
    store.lock().insert(span("a", 1, 1));
    assert_eq!(ask(&page, "/lab/traces", &tag).await.0, 200);
}

async fn list(page: &Router, path: &str) -> Value {
    let (status, _, body) = ask(page, path, "").await;
    assert_eq!(status, 200, "{path}");
    serde_json::from_slice(&body).unwrap()
}

fn ids(rows: &Value) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn rounds_are_counted_where_they_are_folded() {
    let (store, page) = page();
    for one in [
        round(1),
        span("a", 2, 1),
        round(3),
        round(4),
        span("b", 5, 1),
        round(6),
    ] {
        store.lock().insert(one);
    }
    let folded = list(&page, "/lab/traces?fold=true").await;
    let expected = [trace_id(5).to_string(), trace_id(2).to_string()];
    assert_eq!(ids(&folded["traces"]), expected);
    let counts: Vec<_> = (0..2).map(|row| &folded["traces"][row]["folded"]).collect();
    assert_eq!(counts, [1, 2]);
    assert_eq!(folded["folded"], 1);
    let all = list(&page, "/lab/traces").await;
    assert_eq!(ids(&all["traces"]).len(), 6);
    assert_eq!(all["traces"][0]["round"], true);
}

#[tokio::test]
async fn the_list_goes_on_where_it_ended() {
    let (store, page) = page();
    for trace in 1..=5 {
        store.lock().insert(span("a", trace, 1));
    }
    let mut seen = Vec::new();
    let mut path = "/lab/traces?limit=2".to_owned();
    loop {
        let part = list(&page, &path).await;
        seen.extend(ids(&part["traces"]));
        let Some(earlier) = part["earlier"].as_u64() else {
            break;
        };
        path = format!("/lab/traces?limit=2&before={earlier}");
    }
    let expected: Vec<_> = (1..=5).rev().map(|id| trace_id(id).to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_search_looks_at_every_trace_that_is_kept() {
    let (store, page) = page();
    store.lock().insert(span("old", 1, 1));
    for trace in 2..=90 {
        store.lock().insert(span("new", trace, 1));
    }
    let found = list(&page, "/lab/traces?service=old").await;
    assert_eq!(ids(&found["traces"]), [trace_id(1).to_string()]);
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_and_not_passed_over() {
    let (_, page) = page();
    for path in [
        "/lab/traces?min=soon",
        "/lab/traces?trace=zz",
        "/lab/traces?servce=a",
        "/lab/logs?trace=zz",
        "/lab/logs?servce=a",
        "/lab/mesh?second=1",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let refused = page.clone().oneshot(request).await.unwrap();
        assert_eq!(refused.status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_told_in_json() {
    let (_, page) = page();
    let request = Request::get("/lab/trace").body(Body::empty());
    let answer = page.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 404);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let expected = "there is no GET /lab/trace; docs/lab-api.md lists what there is";
    assert_eq!(body["error"], expected);
}

#[tokio::test]
async fn a_pinned_trace_is_listed_by_itself() {
    let (store, page) = page();
    store.lock().insert(span("a", 1, 1));
    let pin = |method: &str, trace: u8| {
        let path = format!("/lab/traces/{}/pin", trace_id(trace));
        let request = Request::builder().method(method).uri(path);
        page.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(pin("PUT", 1).await.unwrap().status(), 204);
    assert_eq!(pin("PUT", 2).await.unwrap().status(), 404);
    let pinned = list(&page, "/lab/traces?service=none").await["pinned"].clone();
    assert_eq!(ids(&pinned), [trace_id(1).to_string()]);
    assert_eq!(pin("DELETE", 1).await.unwrap().status(), 204);
    let pinned = list(&page, "/lab/traces").await["pinned"].clone();
    assert_eq!(ids(&pinned), Vec::<String>::new());
}

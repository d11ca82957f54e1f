//! The JSON that the page asks for every second.
//!
//! Each answer has an `ETag`: while nothing changes, a browser gets 304 and no body.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Query, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::summary::Summary;
use crate::collector::SharedStore;
use crate::collector::id::trace_id_from_hex;
use crate::supervisor::status::{Entry, StatusRegistry};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The services.
    pub registry: StatusRegistry,
    /// The traces.
    pub store: SharedStore,
    /// Where spans go, if not here.
    pub spans_elsewhere: Option<String>,
}

#[derive(Serialize)]
struct Service {
    #[serde(flatten)]
    entry: Entry,
    ready: bool,
    trouble: Option<String>,
}

pub(super) async fn services(State(shown): State<Shown>, headers: HeaderMap) -> Response {
    let services = shown.registry.entries().into_iter().map(|entry| {
        let trouble = entry.trouble();
        Service {
            ready: trouble.is_none(),
            trouble,
            entry,
        }
    });
    let services: Vec<_> = services.collect();
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "tracesGoTo": shown.spans_elsewhere,
        "services": services,
    });
    unless_known(&headers, body.to_string())
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// At most so many.
    limit: Option<usize>,
    /// This one alone.
    trace: Option<String>,
}

pub(super) async fn traces(
    State(shown): State<Shown>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    /// More than that nobody reads.
    const MOST: usize = 200;
    let limit = wanted.limit.unwrap_or(50).min(MOST);
    let store = shown.store.lock();
    let latest = match wanted.trace {
        None => store.latest(limit),
        // What is no id names no trace.
        Some(id) => trace_id_from_hex(&id)
            .and_then(|id| store.trace(id))
            .into_iter()
            .collect(),
    };
    let counts = store.counts();
    drop(store);
    let traces: Vec<_> = latest.iter().filter_map(Summary::of).collect();
    let counts = json!({
        "kept": counts.kept, "dropped": counts.dropped, "evicted": counts.evicted,
    });
    unless_known(
        &headers,
        json!({ "traces": traces, "spans": counts }).to_string(),
    )
}

/// The body, or 304 for who has it already.
fn unless_known(headers: &HeaderMap, body: String) -> Response {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let known = headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    let json = "application/json".to_owned();
    ([(ETAG, tag), (CONTENT_TYPE, json)], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::collector::fixture::{ROOMY, span, trace_id};

    fn page() -> (SharedStore, Router) {
        let store = SharedStore::new(ROOMY);
        let shown = Shown {
            registry: StatusRegistry::new(&[]),
            store: store.clone(),
            spans_elsewhere: None,
        };
        (store, super::super::routes(shown))
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
    async fn a_trace_can_be_asked_for_alone() {
        let (store, page) = page();
        store.lock().insert(span("a", 1, 1));
        store.lock().insert(span("b", 2, 1));
        for (id, found) in [
            (trace_id(1).to_string(), 1),
            ("1f".repeat(16), 0),
            ("no".to_owned(), 0),
        ] {
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
}

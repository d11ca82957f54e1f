//! The HTTP API over what passed: docs/lab-api.md.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decode::direction;
use super::pcapng;
use super::store::{Recorded, WireStore};
use crate::links::LabLinks;

/// What is asked.
#[derive(Clone, Debug)]
struct Wire {
    store: WireStore,
    links: LabLinks,
}

/// The routes, over this store of these links.
pub fn routes(store: WireStore, links: LabLinks) -> Router {
    Router::new()
        .route("/lab/wire", get(of_trace))
        .route("/lab/wire.pcapng", get(capture))
        .route("/lab/wire/{link}", get(of_link))
        .route("/lab/wire/{link}/{message}", get(whole))
        .with_state(Wire { store, links })
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    limit: Option<usize>,
    after: Option<u64>,
    trace: Option<String>,
    link: Option<String>,
}

/// More than that at once nobody reads.
const MOST: usize = 1000;

/// Bytes of a message in a list.
const SHOWN: usize = 4096;

impl Wanted {
    fn is(&self, recorded: &Recorded) -> bool {
        let trace = recorded.message.trace.as_ref();
        let is_trace = |id: &String| trace.is_some_and(|trace| trace.id == *id);
        self.after.is_none_or(|after| recorded.id > after)
            && self.trace.as_ref().is_none_or(is_trace)
            && self
                .link
                .as_ref()
                .is_none_or(|link| *link == *recorded.link)
    }

    fn limit(&self, usual: usize) -> usize {
        self.limit.unwrap_or(usual).min(MOST)
    }
}

async fn of_trace(State(wire): State<Wire>, Query(wanted): Query<Wanted>) -> Response {
    list(&wire, &wanted)
}

async fn of_link(
    State(wire): State<Wire>,
    Path(link): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    if wire.links.links().get(&link).is_err() {
        return missing(&format!(
            "no link is called {link:?}; GET /lab/links lists them"
        ));
    }
    let wanted = Wanted {
        link: Some(link),
        ..wanted
    };
    list(&wire, &wanted)
}

fn list(wire: &Wire, wanted: &Wanted) -> Response {
    let messages = wire
        .store
        .latest(wanted.limit(50), |recorded| wanted.is(recorded));
    let messages: Vec<_> = messages
        .iter()
        .map(|recorded| shown(recorded, SHOWN))
        .collect();
    let answer = json!({"messages": messages, "forgotten": wire.store.forgotten()});
    Json(answer).into_response()
}

async fn whole(State(wire): State<Wire>, Path((link, id)): Path<(String, String)>) -> Response {
    let id: Option<u64> = id.parse().ok();
    let found = wire.store.latest(1, |recorded| {
        Some(recorded.id) == id && *recorded.link == *link
    });
    match found.first() {
        Some(recorded) => Json(shown(recorded, usize::MAX)).into_response(),
        None => missing("this message is not remembered (any more)"),
    }
}

async fn capture(State(wire): State<Wire>, Query(wanted): Query<Wanted>) -> Response {
    let messages = wire
        .store
        .latest(wanted.limit(MOST), |recorded| wanted.is(recorded));
    let port = |link: &str| wire.links.port(link).unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, "application/x-pcapng"),
        (CONTENT_DISPOSITION, "attachment; filename=\"malha.pcapng\""),
    ];
    (headers, pcapng::capture(&messages, port)).into_response()
}

fn missing(text: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": text}))).into_response()
}

fn shown(recorded: &Arc<Recorded>, most: usize) -> Value {
    let message = &recorded.message;
    let part = message.bytes.get(..most).unwrap_or(&message.bytes);
    let mut hex = String::with_capacity(part.len() * 2);
    for byte in part {
        _ = write!(hex, "{byte:02x}");
    }
    json!({
        "id": recorded.id,
        "link": &*recorded.link,
        "connection": recorded.connection,
        "direction": direction(message),
        "at": recorded.at,
        "protocol": message.protocol,
        "summary": message.summary,
        "size": message.bytes.len(),
        "hex": hex,
        "text": message.text,
        "truncated": part.len() < message.bytes.len(),
        "trace": message.trace,
        "layers": message.layers,
    })
}

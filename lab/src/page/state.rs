//! Services and their health, which the page asks for every second.
//!
//! Each answer has an `ETag`: while nothing changes, a browser gets 304 and no body.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::collector::SharedStore;
use crate::plan::Planned;
use crate::samples::Samples;
use crate::supervisor::log_book::LogBook;
use crate::supervisor::status::{Entry, StatusRegistry};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The services.
    pub registry: StatusRegistry,
    /// How each process is started.
    pub plans: Arc<[Planned]>,
    /// What each process takes.
    pub samples: Samples,
    /// The lines of every process.
    pub logs: LogBook,
    /// The traces.
    pub store: SharedStore,
    /// Asks services in a person's place.
    pub client: reqwest::Client,
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

/// What the page can do here; it hides or explains the rest.
const CAN: [&str; 4] = ["links", "logs", "play", "processes"];

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
        "can": CAN,
        "tracesGoTo": shown.spans_elsewhere,
        "services": services,
    });
    unless_known(&headers, body.to_string())
}

/// The body, or 304 for who has it already.
pub(crate) fn unless_known(headers: &HeaderMap, body: String) -> Response {
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

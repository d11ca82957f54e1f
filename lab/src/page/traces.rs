//! The list of traces: the newest, those before, those that somebody looks for or keeps.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use opentelemetry::trace::TraceId;
use serde::Serialize;
use serde_json::json;

use super::query::{Filter, Wanted, WrongDuration};
use super::state::unless_known;
use super::summary::Summary;
use crate::asked::{self, Asked};
use crate::collector::SharedStore;
use crate::collector::id::trace_id_from_hex;
use crate::collector::store::Store;
use crate::collector::trace::Trace;

/// A trace in the list.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    summary: Summary,
    /// Its place among all that came: an older list goes on before it.
    place: u64,
    /// Whether it is an automatic round that went well.
    round: bool,
    /// How many such rounds came between it and the next newer row.
    folded: usize,
}

impl Row {
    fn of(place: u64, trace: &Trace, folded: usize) -> Option<Self> {
        Some(Self {
            summary: Summary::of(trace)?,
            place,
            round: trace.is_round(),
            folded,
        })
    }
}

/// Some rows of the list, and where it goes on.
#[derive(Debug, Default, Serialize)]
struct Rows {
    traces: Vec<Row>,
    /// How many rounds came before the last row, as far as was looked.
    folded: usize,
    /// Where the older part of the list begins; none where this is all.
    earlier: Option<u64>,
}

/// More than that nobody reads at once.
const MOST: usize = 200;

/// So many rows, unless something else is asked for.
const USUAL: usize = 50;

pub(super) async fn traces(
    State(store): State<SharedStore>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, WrongDuration> {
    let limit = wanted.limit.unwrap_or(USUAL).min(MOST);
    let before = wanted.before.unwrap_or(u64::MAX);
    let alone = wanted.trace;
    let filter = Filter::of(wanted)?;
    let refused = store.refusals().counts();
    let store = store.lock();
    let rows = match alone {
        None => page(&store, before, limit, &filter),
        Some(id) => Rows {
            traces: one(&store, id).into_iter().collect(),
            ..Rows::default()
        },
    };
    let pinned: Vec<_> = store
        .pinned()
        .filter_map(|(place, trace)| Row::of(place, trace, 0))
        .collect();
    let counts = store.counts();
    let services = store.services();
    drop(store);
    let body = json!({
        "traces": rows.traces,
        "folded": rows.folded,
        "earlier": rows.earlier,
        "pinned": pinned,
        "services": services,
        "spans": { "kept": counts.kept, "dropped": counts.dropped, "evicted": counts.evicted },
        "exports": { "refused": refused },
    });
    Ok(unless_known(&headers, body.to_string()))
}

fn one(store: &Store, id: TraceId) -> Option<Row> {
    Row::of(store.place(id)?, &store.trace(id)?, 0)
}

fn page(store: &Store, before: u64, limit: usize, filter: &Filter) -> Rows {
    let mut rows = Rows::default();
    for (place, trace) in store.before(before) {
        if !filter.means(trace) {
            continue;
        }
        if filter.folds(trace) {
            rows.folded += 1;
            continue;
        }
        if rows.traces.len() == limit {
            rows.earlier = rows.traces.last().map(|row| row.place);
            break;
        }
        if let Some(row) = Row::of(place, trace, rows.folded) {
            rows.traces.push(row);
            rows.folded = 0;
        }
    }
    rows
}

/// Keeps a trace for longer than its time.
pub(super) async fn pin(State(store): State<SharedStore>, Path(id): Path<String>) -> Response {
    let id = trace_id_from_hex(&id);
    status(id.is_some_and(|id| store.lock().pin(id)))
}

/// Lets it go again.
pub(super) async fn unpin(State(store): State<SharedStore>, Path(id): Path<String>) -> Response {
    let id = trace_id_from_hex(&id);
    status(id.is_some_and(|id| store.lock().unpin(id)))
}

fn status(is_there: bool) -> Response {
    if is_there {
        return StatusCode::NO_CONTENT.into_response();
    }
    let body = json!({ "error": "this trace is not kept (any more)" });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

impl IntoResponse for WrongDuration {
    fn into_response(self) -> Response {
        asked::refused(&self.to_string())
    }
}

#[cfg(test)]
mod tests;

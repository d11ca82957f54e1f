//! Version 3 of Jaeger's query API: traces as OTLP has them, errors as gRPC's gateways write them.
//!
//! It differs from Jaeger 2.13 in this: neither times nor a depth are required; lists are there where they
//! are empty; links and libraries are without their attributes, and nothing tells what an SDK dropped;
//! events stand by their time, and the values of a map by their names; the content type is JSON's.
//!
//! # Layout
//! - [`params`]: the query string of a search.
//! - [`otlp`]: traces as OTLP's JSON.
//! - [`summary`]: what a trace is, without its spans.

pub mod otlp;
pub mod params;
pub mod summary;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::dependencies::dependencies;
use super::params::{ParamError, Params, value};
use crate::clock::now;
use crate::collector::SharedStore;
use crate::collector::id::trace_id_from_hex;
use crate::collector::trace::Trace;
use params::Asked;

/// The paths of version 3 over a store.
pub fn routes(store: SharedStore) -> Router {
    Router::new()
        .route("/api/v3/services", get(services))
        .route("/api/v3/operations", get(operations))
        .route("/api/v3/traces", get(traces))
        .route("/api/v3/traces/{id}", get(trace))
        .route("/api/v3/trace-summaries", get(summaries))
        .route("/api/v3/dependencies", get(edges))
        .route("/api/v3/{*path}", get(nothing))
        .with_state(store)
}

async fn services(State(store): State<SharedStore>) -> Response {
    Json(json!({ "services": store.lock().services() })).into_response()
}

async fn operations(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let service = value(&params, "service").ok_or(ParamError::Missing("service"))?;
    let kind = Asked(&params).value("spanKind").map(|(_, kind)| kind);
    let operations = store.lock().operations(service).into_iter();
    let sides = operations.map(|(name, side)| match side {
        // As Jaeger has it.
        "" => (name, "internal"),
        side => (name, side),
    });
    let wanted = sides.filter(|(_, side)| kind.is_none_or(|kind| kind == *side));
    let json = wanted.map(|(name, side)| json!({"name": name, "spanKind": side}));
    Ok(Json(json!({ "operations": json.collect::<Vec<_>>() })).into_response())
}

async fn traces(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let asked = Asked(&params);
    let (search, raw) = (asked.search(now())?, asked.flag("query.rawTraces")?);
    let found = store.lock().search(&search);
    found_traces(&found, raw)
}

async fn trace(
    State(store): State<SharedStore>,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let wrong = || {
        let expected = "a trace id: up to 32 hexadecimal digits, not all zero";
        ParamError::Malformed("trace_id".to_owned(), id.clone(), expected)
    };
    let (id, raw) = (
        trace_id_from_hex(&id).ok_or_else(wrong)?,
        Asked(&params).flag("rawTraces")?,
    );
    let found: Vec<_> = store.lock().trace(id).into_iter().collect();
    found_traces(&found, raw)
}

async fn summaries(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let search = Asked(&params).search(now())?;
    let found = store.lock().search(&search);
    let summaries: Vec<_> = found.iter().map(summary::Summary::of).collect();
    Ok(Json(json!({ "summaries": summaries })).into_response())
}

async fn edges(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let began = Asked(&params).began(now())?;
    let traces = store.lock().latest(usize::MAX);
    let edges = dependencies(&traces, &began).into_iter().map(|edge| {
        json!({
            "parent": edge.parent,
            "child": edge.child,
            "callCount": edge.call_count.to_string(),
        })
    });
    Ok(Json(json!({ "dependencies": edges.collect::<Vec<_>>() })).into_response())
}

async fn nothing() -> Failure {
    Failure {
        code: StatusCode::NOT_FOUND,
        message: "no such path in this API".to_owned(),
    }
}

/// All spans of these traces, or that there are none.
fn found_traces(traces: &[Trace], raw: bool) -> Result<Response, Failure> {
    if traces.is_empty() {
        return Err(Failure {
            code: StatusCode::NOT_FOUND,
            message: "No traces found".to_owned(),
        });
    }
    let groups: Vec<_> = traces
        .iter()
        .flat_map(|trace| otlp::resource_spans(trace, raw))
        .collect();
    Ok(Json(json!({ "result": { "resourceSpans": groups } })).into_response())
}

/// An answer that says why there is none.
#[derive(Debug)]
struct Failure {
    code: StatusCode,
    message: String,
}

impl From<ParamError> for Failure {
    fn from(error: ParamError) -> Self {
        Self {
            code: StatusCode::BAD_REQUEST,
            message: error.to_string(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let error = json!({ "httpCode": self.code.as_u16(), "message": self.message });
        (self.code, Json(json!({ "error": error }))).into_response()
    }
}

#[cfg(test)]
mod tests;

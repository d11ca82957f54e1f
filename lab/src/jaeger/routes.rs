//! The paths of the query API and what each answers.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use opentelemetry::trace::TraceId;
use serde::Serialize;
use serde_json::json;

use super::dependencies::dependencies;
use super::model::TraceJson;
use super::params::{ParamError, Params, dependencies_began, search, value};
use super::v3;
use crate::clock::now;
use crate::collector::SharedStore;
use crate::collector::id::trace_id_from_hex;

/// Jaeger's query API over a store.
pub fn routes(store: SharedStore) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(traces))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(edges))
        .route("/api/{*path}", get(nothing))
        .with_state(store.clone())
        .merge(v3::routes(store))
}

/// The same paths where spans go somewhere else: each says where.
pub fn elsewhere(endpoint: &str) -> Router {
    let msg = format!("traces go to {endpoint} (OTEL_EXPORTER_OTLP_ENDPOINT); ask there");
    let failure = Failure {
        code: StatusCode::SERVICE_UNAVAILABLE,
        msg,
    };
    Router::new().route("/api/{*path}", get(|| async { failure }))
}

async fn services(State(store): State<SharedStore>) -> Response {
    list(store.lock().services())
}

async fn operation_names(
    State(store): State<SharedStore>,
    Path(service): Path<String>,
) -> Response {
    let mut names: Vec<String> = store
        .lock()
        .operations(&service)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.dedup();
    list(names)
}

async fn operations(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let service = value(&params, "service").ok_or(ParamError::Missing("service"))?;
    let kind = value(&params, "spanKind");
    let operations = store.lock().operations(service);
    let wanted = operations
        .into_iter()
        .filter(|(_, own)| kind.is_none_or(|kind| kind == *own));
    Ok(list(
        wanted
            .map(|(name, kind)| json!({"name": name, "spanKind": kind}))
            .collect(),
    ))
}

async fn traces(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    if value(&params, "traceID").is_some() {
        return by_ids(&store, &params);
    }
    let search = search(&params, now())?;
    let found = store.lock().search(&search);
    Ok(found_traces(
        found.into_iter().map(TraceJson::from).collect(),
    ))
}

/// Several traces by their ids; those that are not there are named among the errors.
fn by_ids(store: &SharedStore, params: &Params) -> Result<Response, Failure> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for (_, text) in params.iter().filter(|(name, _)| name == "traceID") {
        let id = trace_id(text)?;
        match store.lock().trace(id) {
            Some(trace) => found.push(TraceJson::from(trace)),
            None => errors.push(json!({"msg": NOT_FOUND, "traceID": id.to_string()})),
        }
    }
    let errors = (!errors.is_empty()).then_some(errors);
    Ok(Json(Envelope {
        data: Some(found),
        total: 0,
        limit: 0,
        offset: 0,
        errors,
    })
    .into_response())
}

async fn trace(
    State(store): State<SharedStore>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let trace = store.lock().trace(trace_id(&id)?).ok_or_else(not_found)?;
    Ok(found_traces(vec![TraceJson::from(trace)]))
}

async fn edges(
    State(store): State<SharedStore>,
    Query(params): Query<Params>,
) -> Result<Response, Failure> {
    let began = dependencies_began(&params, now())?;
    let traces = store.lock().latest(usize::MAX);
    Ok(list(dependencies(&traces, &began)))
}

async fn nothing() -> Failure {
    Failure {
        code: StatusCode::NOT_FOUND,
        msg: "no such path in this API".to_owned(),
    }
}

const NOT_FOUND: &str = "trace not found";

fn not_found() -> Failure {
    Failure {
        code: StatusCode::NOT_FOUND,
        msg: NOT_FOUND.to_owned(),
    }
}

fn trace_id(text: &str) -> Result<TraceId, Failure> {
    let msg = || format!("{text:?} is not a trace id: up to 32 hexadecimal digits, not all zero");
    trace_id_from_hex(text).ok_or_else(|| Failure {
        code: StatusCode::BAD_REQUEST,
        msg: msg(),
    })
}

/// What Jaeger wraps every answer in.
#[derive(Serialize)]
struct Envelope<T> {
    data: Option<T>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<serde_json::Value>>,
}

/// A list with its length; an empty one is `null`, as in Jaeger.
fn list<T: Serialize>(items: Vec<T>) -> Response {
    let total = items.len();
    let data = (total > 0).then_some(items);
    Json(Envelope {
        data,
        total,
        limit: 0,
        offset: 0,
        errors: None,
    })
    .into_response()
}

fn found_traces(traces: Vec<TraceJson>) -> Response {
    Json(Envelope {
        data: Some(traces),
        total: 0,
        limit: 0,
        offset: 0,
        errors: None,
    })
    .into_response()
}

/// An answer that says why there is none.
#[derive(Clone, Debug)]
struct Failure {
    code: StatusCode,
    msg: String,
}

impl From<ParamError> for Failure {
    fn from(error: ParamError) -> Self {
        Self {
            code: StatusCode::BAD_REQUEST,
            msg: error.to_string(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let errors = Some(vec![json!({"code": self.code.as_u16(), "msg": self.msg})]);
        let body = Envelope::<()> {
            data: None,
            total: 0,
            limit: 0,
            offset: 0,
            errors,
        };
        (self.code, Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests;

//! A request over HTTP, handed on to a service of the lab, and its answer, handed back.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::Response;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use serde::Deserialize;
use tokio::time::timeout;

use super::errand::Errand;
use super::{PlayError, TRACE, service};
use crate::page::state::Shown;

/// What is handed on of a request, and back of an answer.
const ASKED: [HeaderName; 5] = [
    ACCEPT,
    CONTENT_TYPE,
    IF_MATCH,
    IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
];
const ANSWERED: [HeaderName; 4] = [CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER];

/// The trace and the span in which somebody asks. The lab's own span is handed on as the sender.
const CONTEXT: HeaderName = HeaderName::from_static("traceparent");

/// Said by the page where it asks by itself, and not for somebody.
const ROUND: HeaderName = HeaderName::from_static("x-malha-round");

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whom a path asks; the rest of it is for them.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    service: String,
}

pub(super) async fn forward(
    State(shown): State<Shown>,
    Path(Asked { service: name }): Path<Asked>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, PlayError> {
    let (entry, listen) = service(&shown, &name, true)?;
    let mut errand = if headers.contains_key(ROUND) {
        Errand::round(listen)
    } else {
        Errand::begin(method.to_string(), listen)
    };
    if let Some(context) = headers.get(CONTEXT).and_then(|value| value.to_str().ok()) {
        errand = errand.within(context);
    }
    // The path as it came: with what is encoded in it.
    let prefix = format!("/lab/play/{name}/http");
    let path = uri.path_and_query().map_or("/", |all| all.as_str());
    let path = path.strip_prefix(&prefix).unwrap_or("/");
    let url = format!("http://{listen}{path}");
    errand.tell("http.request.method", method.as_str());
    errand.tell("url.full", &url);
    let mut request = shown.client.request(method, url);
    request = request.header(CONTEXT, errand.traceparent());
    for name in ASKED {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let trace = errand.trace;
    let sent = timeout(PATIENCE, request.body(body).send()).await;
    let outcome = match sent {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err(format!("nothing came within {} s", PATIENCE.as_secs())),
    };
    let failure = match &outcome {
        Ok(answer) if answer.status().is_server_error() => Some(answer.status().to_string()),
        Ok(_) => None,
        Err(reason) => Some(reason.clone()),
    };
    errand.end(&shown.store, failure.as_deref());
    let answer = outcome.map_err(|reason| PlayError::NoAnswer {
        service: entry.name,
        reason,
        trace,
    })?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    for name in ANSWERED {
        if let Some(value) = answer.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    if let Ok(trace) = HeaderValue::from_str(&trace.to_string()) {
        response.headers_mut().insert(TRACE, trace);
    }
    *response.body_mut() = Body::from_stream(pieces(answer));
    Ok(response)
}

/// What comes of an answer, as it comes.
fn pieces(answer: reqwest::Response) -> impl Stream<Item = reqwest::Result<Bytes>> {
    try_unfold(answer, async |mut answer| {
        let piece = answer.chunk().await?;
        Ok(piece.map(|piece| (piece, answer)))
    })
}

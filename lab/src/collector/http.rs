//! `POST /v1/traces`: OTLP over HTTP/protobuf.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;

use super::store::SharedStore;
use super::wire::received;

const PROTOBUF: &str = "application/x-protobuf";

/// The receiver's routes. The server they run in bounds the size of a body.
pub fn routes(store: SharedStore) -> Router {
    Router::new()
        .route("/v1/traces", post(export))
        .with_state(store)
}

async fn export(
    State(store): State<SharedStore>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    accept(&headers)?;
    let request = ExportTraceServiceRequest::decode(body?).map_err(Refusal::Garbled)?;
    let received = received(request);
    let mut kept = store.lock();
    for span in received.spans {
        kept.insert(span);
    }
    drop(kept);
    Ok(answer(received.rejected))
}

/// Refuses what cannot be read, before the body is.
fn accept(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| {
        headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap_or("?"))
    };
    let media_type = text(CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !media_type.eq_ignore_ascii_case(PROTOBUF) {
        return Err(Refusal::MediaType(media_type.to_owned()));
    }
    match text(CONTENT_ENCODING) {
        "" | "identity" => Ok(()),
        encoding => Err(Refusal::Encoding(encoding.to_owned())),
    }
}

fn answer(rejected: usize) -> Response {
    let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
        rejected_spans: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: "spans without a valid trace id and span id".to_owned(),
    });
    let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    ([(CONTENT_TYPE, PROTOBUF)], body).into_response()
}

/// Why an export is not taken, in words for whoever configured the exporter.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "content type {0:?} is not accepted: export with OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    )]
    MediaType(String),
    #[error("content encoding {0:?} is not accepted: leave OTEL_EXPORTER_OTLP_COMPRESSION unset")]
    Encoding(String),
    #[error("not an ExportTraceServiceRequest: {0}")]
    Garbled(#[source] prost::DecodeError),
    #[error("{0}")]
    Body(#[from] BytesRejection),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::MediaType(_) | Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Garbled(_) => StatusCode::BAD_REQUEST,
            Self::Body(rejection) => rejection.status(),
        };
        (status, format!("{self}\n")).into_response()
    }
}

#[cfg(test)]
mod tests;

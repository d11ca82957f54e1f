//! OTLP over HTTP: `POST /v1/traces`, in protobuf or JSON, plain or gzip.
//!
//! # Layout
//! - [`request`]: the body, decompressed, and its format.
//! - [`turns`]: large exports are read one after the other, and keep nobody waiting but each other.
//! - [`answer`]: answers and refusals in the format of the request.
//! - [`cors`]: what a page of another origin on this machine needs.

mod answer;
mod cors;
mod request;
mod turns;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytesize::ByteSize;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::json;
use super::store::SharedStore;
use super::wire::received;
use answer::{Format, PartialSuccess, Refusal, Refused};
use request::Export;
use turns::Turns;

/// What the routes share.
#[derive(Clone, Debug)]
struct Receiver {
    store: SharedStore,
    max_export: usize,
    turns: Turns,
}

/// The receiver's routes. The server they run in bounds the size of a body; `max_export` is what it
/// may have when decompressed.
pub fn routes(store: SharedStore, max_export: ByteSize) -> Router {
    let receiver = Receiver {
        store,
        max_export: usize::try_from(max_export.as_u64()).unwrap_or(usize::MAX),
        turns: Turns::default(),
    };
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/metrics", post(not_shown))
        .route("/v1/logs", post(not_shown))
        .fallback(nothing)
        .layer(axum::middleware::from_fn(cors::share))
        .with_state(receiver)
}

type Body = Result<Bytes, BytesRejection>;

async fn traces(State(receiver): State<Receiver>, headers: HeaderMap, body: Body) -> Response {
    receiver.answered(receiver.traces(&headers, body).await)
}

/// Takes metrics and logs, so that exporters need not be told apart, and says what becomes of them.
async fn not_shown(State(receiver): State<Receiver>, headers: HeaderMap, body: Body) -> Response {
    receiver.answered(receiver.not_shown(&headers, body).await)
}

impl Receiver {
    fn answered(&self, answer: Result<Response, Refused>) -> Response {
        answer.unwrap_or_else(|refused| {
            self.store.refusals().count(refused.reason);
            refused.into_response()
        })
    }

    async fn traces(&self, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
        let format = request::format(headers)?;
        let read = move |body: &[u8]| {
            let request = match format {
                Format::Protobuf => {
                    ExportTraceServiceRequest::decode(body).map_err(Refusal::Garbled)
                }
                Format::Json => json::export(body).map_err(Refusal::Json),
            };
            request.map(received)
        };
        let received = self.read(format, headers, body, read).await?;
        self.store.keep(received.spans);
        Ok(answer::success(
            format,
            PartialSuccess::of_spans(received.rejected),
        ))
    }

    async fn not_shown(&self, headers: &HeaderMap, body: Body) -> Result<Response, Refused> {
        let format = request::format(headers)?;
        self.read(format, headers, body, |_| Ok(())).await?;
        Ok(answer::success(format, Some(PartialSuccess::not_shown())))
    }

    async fn read<T: Send + 'static>(
        &self,
        format: Format,
        headers: &HeaderMap,
        body: Body,
        read: impl FnOnce(&[u8]) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refused> {
        let refused = |refusal: Refusal| Refused::of(format, &refusal);
        let export = Export::of(headers, body, self.max_export).map_err(refused)?;
        self.turns.read(export, read).await.map_err(refused)
    }
}

async fn nothing() -> (StatusCode, &'static str) {
    let hint = "OTLP is taken at /v1/traces, /v1/metrics and /v1/logs; OTLP over gRPC has a port of its own\n";
    (StatusCode::NOT_FOUND, hint)
}

#[cfg(test)]
mod tests;

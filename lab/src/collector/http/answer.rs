//! Answers and refusals, in the format of the request.

use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prost::Message;
use serde::Serialize;
use serde_json::{Map, json};
use tokio::task::JoinError;
use tonic::Code;

use crate::collector::json::JsonError;
use crate::collector::partial::{NOT_SHOWN, REJECTED, count};
use crate::collector::refusals::Reason;

/// How an export is written, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Protobuf,
    Json,
}

impl Format {
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// What the answers to spans, metrics and logs have in common: OTLP gives their fields the same numbers.
#[derive(Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

/// What was not taken as it was sent.
#[derive(Clone, Message)]
pub(super) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl PartialSuccess {
    /// Nothing, where no span was rejected.
    pub(super) fn of_spans(rejected: usize) -> Option<Self> {
        (rejected > 0).then(|| Self {
            rejected: count(rejected),
            error_message: REJECTED.to_owned(),
        })
    }

    /// Of metrics and logs: they are taken, which is why none counts as rejected.
    pub(super) fn not_shown() -> Self {
        Self {
            rejected: 0,
            error_message: NOT_SHOWN.to_owned(),
        }
    }
}

/// An export that was taken.
pub(super) fn success(format: Format, partial: Option<PartialSuccess>) -> Response {
    let body = match format {
        Format::Protobuf => Answer {
            partial_success: partial,
        }
        .encode_to_vec(),
        Format::Json => match partial {
            None => b"{}".to_vec(),
            // The name of the field differs between spans, metrics and logs, but where it is 0 it is left out.
            Some(partial) => {
                let mut success = Map::new();
                if partial.rejected > 0 {
                    success.insert(
                        "rejectedSpans".to_owned(),
                        partial.rejected.to_string().into(),
                    );
                }
                success.insert(
                    "errorMessage".to_owned(),
                    partial.error_message.as_str().into(),
                );
                json!({ "partialSuccess": success })
                    .to_string()
                    .into_bytes()
            }
        },
    };
    ([(CONTENT_TYPE, format.media_type())], body).into_response()
}

/// Why an export is not taken, in words for whoever configured the exporter.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "content encoding {0:?} is not taken: send gzip (OTEL_EXPORTER_OTLP_COMPRESSION=gzip) or none"
    )]
    Encoding(String),
    #[error("not gzip, though the header says so: {0}")]
    Gzip(#[source] std::io::Error),
    #[error("decompressed it has more than the {0} bytes that LAB_MAX_EXPORT_BYTES allows")]
    TooLarge(usize),
    #[error("not an ExportTraceServiceRequest: {0}")]
    Garbled(#[source] prost::DecodeError),
    #[error("not an ExportTraceServiceRequest in JSON: {0}")]
    Json(#[source] JsonError),
    #[error("{0}")]
    Body(#[from] BytesRejection),
    #[error("it could not be read: {0}")]
    Unread(#[source] JoinError),
}

impl Refusal {
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Encoding(_) => Reason::Encoding,
            Self::Gzip(_) => Reason::Gzip,
            Self::Garbled(_) => Reason::Protobuf,
            Self::Json(_) => Reason::Json,
            Self::TooLarge(_) | Self::Body(_) if self.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Reason::TooLarge
            }
            Self::TooLarge(_) | Self::Body(_) | Self::Unread(_) => Reason::Unread,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Gzip(_) | Self::Garbled(_) | Self::Json(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(rejection) => rejection.status(),
            Self::Unread(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> Code {
        match self.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
            StatusCode::INTERNAL_SERVER_ERROR => Code::Internal,
            _ => Code::InvalidArgument,
        }
    }
}

/// `google.rpc.Status`.
#[derive(Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// A refusal, as it is sent.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) reason: Reason,
    response: Box<Response>,
}

impl Refused {
    pub(super) fn of(format: Format, refusal: &Refusal) -> Self {
        let status = Status {
            code: refusal.code().into(),
            message: refusal.to_string(),
        };
        let body = match format {
            Format::Protobuf => status.encode_to_vec(),
            Format::Json => json!(status).to_string().into_bytes(),
        };
        let media_type = [(CONTENT_TYPE, format.media_type())];
        let response = (refusal.status(), media_type, body).into_response();
        Self {
            reason: refusal.reason(),
            response: Box::new(response),
        }
    }

    /// For a format that is none of ours, and in none: whoever sent it may read text.
    pub(super) fn unknown(media_type: &str) -> Self {
        let text = format!(
            "content type {media_type:?} is not taken: send {} \
             (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf) or {}\n",
            Format::Protobuf.media_type(),
            Format::Json.media_type(),
        );
        let response = (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
        Self {
            reason: Reason::ContentType,
            response: Box::new(response),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.response
    }
}

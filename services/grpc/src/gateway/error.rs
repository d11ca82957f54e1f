//! Every answer that is no success: FastAPI's 422, and problems (RFC 9457).

use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use utoipa::ToSchema;

use super::validation::{ValidationError, ValidationErrors};
use crate::texts;

/// Why a request has no other answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum GatewayError {
    /// It is wrong in one or several places.
    #[error("{}", texts::gateway::INVALID)]
    Invalid(ValidationErrors),
    /// Its body could not be read.
    #[error("{}", texts::gateway::UNREADABLE)]
    Unreadable,
    /// There is no such user.
    #[error("{}", texts::gateway::NO_USER)]
    NoUser,
    /// There is no such path.
    #[error("{}", texts::gateway::NO_PATH)]
    NoPath,
    /// The path has other methods; `Allow` tells which.
    #[error("{}", texts::gateway::METHOD)]
    Method,
    /// What the client accepts is not to be had.
    #[error("{}", texts::gateway::NOT_ACCEPTABLE)]
    NotAcceptable,
    /// Its body did not come in time.
    #[error("{}", texts::gateway::SLOW)]
    Slow,
    /// Another user has this e-mail.
    #[error("{}", texts::gateway::EMAIL_TAKEN)]
    EmailTaken,
    /// The `Idempotency-Key` stands for another creation, or for a user who is gone. A conflict with what was, as against a
    /// request that is wrong in itself (422).
    #[error("{}", texts::gateway::KEY_REUSED)]
    KeyReused,
    /// Changes since this event are not kept any more.
    #[error("{}", texts::gateway::CHANGES_LOST)]
    ChangesLost,
    /// The user is not in the state that `If-Match` wants.
    #[error("{}", texts::gateway::CHANGED)]
    Changed,
    /// `If-Match` names a weak tag, which never matches (RFC 9110, 13.1.1).
    #[error("{}", texts::gateway::weak_tag(.0))]
    WeakTag(String),
    /// The target is in a state in which `If-None-Match` does not want it.
    #[error("{}", texts::gateway::UNWANTED)]
    Unwanted,
    /// Its body is larger than this many bytes.
    #[error("{}", texts::gateway::too_large(*.0))]
    TooLarge(usize),
    /// Its body is not JSON by its own words.
    #[error("{}", texts::gateway::NOT_JSON)]
    NotJson,
    /// Its body is compressed.
    #[error("{}", texts::gateway::ENCODED)]
    Encoded,
    /// The client asks too much, or the store is full.
    #[error("{}", texts::gateway::TOO_MUCH)]
    TooMuch(Duration),
    /// This gateway failed.
    #[error("{}", texts::gateway::BROKEN)]
    Broken,
    /// The server answered what it never should.
    #[error("{}", texts::gateway::UPSTREAM)]
    Upstream,
    /// As much as can be is under way here.
    #[error("{}", texts::gateway::BUSY)]
    Busy,
    /// The server, or its store, does not answer.
    #[error("{}", texts::gateway::UNAVAILABLE)]
    Unavailable(Duration),
    /// The server did not answer in time.
    #[error("{}", texts::gateway::LATE)]
    Late,
}

/// Before another try, where nobody says how long.
const RETRY: Duration = Duration::from_secs(1);

/// An error as RFC 9457 has it. `detail` is also where FastAPI's users look for the message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status says it all.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Not Found")]
    title: &'static str,
    /// The status.
    #[schema(example = 404)]
    status: u16,
    /// What happened, for a person.
    #[schema(example = json!(texts::gateway::NO_USER))]
    detail: String,
}

impl GatewayError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::NoUser | Self::NoPath => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::EmailTaken | Self::KeyReused => StatusCode::CONFLICT,
            Self::ChangesLost => StatusCode::GONE,
            Self::Changed | Self::WeakTag(_) | Self::Unwanted => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson | Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMuch(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Upstream => StatusCode::BAD_GATEWAY,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// How long to wait before another try, where one is of use.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMuch(after) | Self::Unavailable(after) => Some(*after),
            Self::Busy => Some(RETRY),
            _ => None,
        }
    }

    /// The failure as a problem.
    pub(super) fn problem(&self) -> Problem {
        let status = self.status();
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.to_string(),
        }
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        if let Self::Invalid(invalid) = self {
            return invalid.into_response();
        }
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        if matches!(self, Self::Encoded) {
            // What would be right (RFC 9110, 12.5.3).
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(after) = self.retry_after() {
            // Whole seconds, and never "at once".
            let seconds = after.as_millis().div_ceil(1000).clamp(1, 3600);
            let seconds = u16::try_from(seconds).unwrap_or(1);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The media type of a problem.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

impl From<ValidationErrors> for GatewayError {
    fn from(invalid: ValidationErrors) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<ValidationError> for GatewayError {
    fn from(wrong: ValidationError) -> Self {
        Self::Invalid(wrong.into())
    }
}

impl From<Status> for GatewayError {
    /// What the server said, in the words of HTTP.
    fn from(status: Status) -> Self {
        let told = status.get_details_retry_info();
        let told = told.map(|info| info.retry_delay.unwrap_or(RETRY));
        match status.code() {
            Code::InvalidArgument => violations(&status),
            Code::NotFound => Self::NoUser,
            Code::AlreadyExists => Self::EmailTaken,
            Code::Aborted => Self::Changed,
            Code::FailedPrecondition => Self::KeyReused,
            Code::OutOfRange => Self::ChangesLost,
            // Without it, a message was larger than one side takes.
            Code::ResourceExhausted if let Some(after) = told => Self::TooMuch(after),
            Code::Unavailable => Self::Unavailable(told.unwrap_or(RETRY)),
            Code::DeadlineExceeded => Self::Late,
            _ => {
                tracing::warn!(code = ?status.code(), message = status.message(), "server failed");
                Self::Upstream
            }
        }
    }
}

/// Fields of the interface as a caller of this gateway knows them.
fn violations(status: &Status) -> GatewayError {
    let Some(wrong) = status.get_details_bad_request() else {
        tracing::warn!(message = status.message(), "refused without saying why");
        return GatewayError::Upstream;
    };
    let detail = wrong.field_violations.into_iter().map(|violation| {
        let field = violation.field.trim_start_matches("usuario.");
        let (part, name) = match field {
            "id" => ("path", "id"),
            "id_pedido" => ("header", "idempotency-key"),
            "etag" => ("header", "if-match"),
            "tamanho_pagina" => ("query", "limite"),
            "token_pagina" => ("query", "cursor"),
            "token_retomada" => ("header", "last-event-id"),
            other => ("body", other),
        };
        ValidationError::rule(part, name, &violation.description)
    });
    GatewayError::Invalid(ValidationErrors {
        detail: detail.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        for (millis, told) in [
            (0, "1"),
            (1, "1"),
            (1000, "1"),
            (1001, "2"),
            (9_999_999, "3600"),
        ] {
            let answer = GatewayError::TooMuch(Duration::from_millis(millis)).into_response();
            assert_eq!(answer.headers()[RETRY_AFTER], told, "{millis}");
        }
    }
}

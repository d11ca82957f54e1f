//! What a request of the lab's API asks for behind its `?`, and the answer where that cannot be read.

use std::str::FromStr;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use opentelemetry::trace::TraceId;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::collector::id::trace_id_from_hex;

/// The query of a request. What cannot be read is told as every error of the API is.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = Query::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Self(asked))
            .map_err(|wrong| refused(&why(&wrong)))
    }
}

/// The parameter's name and what is wrong with it.
fn why(wrong: &QueryRejection) -> String {
    let cause = std::error::Error::source(wrong).map(ToString::to_string);
    let cause = cause.unwrap_or_else(|| wrong.to_string());
    format!("a parameter cannot be read: {cause}")
}

/// A request that asks for what cannot be.
pub(crate) fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": why }))).into_response()
}

/// A parameter that is a whole number.
pub(crate) fn number<'de, N: FromStr, D>(value: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(value)?;
    let wrong = |_| D::Error::custom(format!("{text:?} is no whole number, 0 or more"));
    text.parse().map(Some).map_err(wrong)
}

/// A parameter that names a trace; an empty one names none.
pub(crate) fn trace<'de, D: Deserializer<'de>>(value: D) -> Result<Option<TraceId>, D::Error> {
    let text = String::deserialize(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let id = trace_id_from_hex(&text).map(Some);
    id.ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is no trace id of 1 to 32 hexadecimal digits, not all of them 0"
        ))
    })
}

/// The answer where nothing of the API is meant.
pub(crate) async fn nothing(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    let why = format!("there is no {method} {path}; docs/lab-api.md lists what there is");
    (StatusCode::NOT_FOUND, Json(json!({ "error": why }))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Wanted {
        #[serde(deserialize_with = "number")]
        limit: Option<usize>,
        #[serde(deserialize_with = "trace")]
        trace: Option<TraceId>,
    }

    async fn read(path: &str) -> Result<Wanted, (StatusCode, String)> {
        let (mut parts, ()) = Request::get(path).body(()).unwrap().into_parts();
        match Asked::from_request_parts(&mut parts, &()).await {
            Ok(Asked(wanted)) => Ok(wanted),
            Err(answer) => {
                let status = answer.status();
                let body = axum::body::to_bytes(answer.into_body(), 1024)
                    .await
                    .unwrap();
                Err((status, String::from_utf8(body.to_vec()).unwrap()))
            }
        }
    }

    #[tokio::test]
    async fn a_parameter_that_cannot_be_read_is_named_in_json() {
        let limit = Some(3);
        let wanted = Wanted {
            limit,
            ..Wanted::default()
        };
        assert_eq!(read("/?limit=3").await, Ok(wanted));
        for (query, why) in [
            (
                "limit=-1",
                "limit: \\\"-1\\\" is no whole number, 0 or more",
            ),
            (
                "limt=3",
                "limt: unknown field `limt`, expected `limit` or `trace`",
            ),
            (
                "trace=zz",
                "trace: \\\"zz\\\" is no trace id of 1 to 32 hexadecimal digits",
            ),
        ] {
            let (status, body) = read(&format!("/?{query}")).await.unwrap_err();
            assert_eq!(status, StatusCode::BAD_REQUEST);
            let says = format!("{{\"error\":\"a parameter cannot be read: {why}");
            assert!(body.starts_with(&says), "{body}");
        }
    }

    #[tokio::test]
    async fn a_trace_is_meant_by_its_id_in_any_form_or_none_is() {
        let id = trace_id_from_hex("0af7651916cd43dd8448eb211c80319c");
        for (query, trace) in [
            ("trace=0af7651916cd43dd8448eb211c80319c", id),
            ("trace=AF7651916CD43DD8448EB211C80319C", id),
            ("trace=", None),
        ] {
            let read = read(&format!("/?{query}")).await.unwrap();
            assert_eq!(read.trace, trace, "{query}");
        }
    }
}

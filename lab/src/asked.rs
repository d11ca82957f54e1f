//! What a request of the lab's API asks for behind its `?`, and the answer where that cannot be read.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

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

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Wanted {
        limit: Option<usize>,
    }

    async fn read(path: &str) -> Result<Option<usize>, (StatusCode, String)> {
        let (mut parts, ()) = Request::get(path).body(()).unwrap().into_parts();
        match Asked::<Wanted>::from_request_parts(&mut parts, &()).await {
            Ok(Asked(wanted)) => Ok(wanted.limit),
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
        assert_eq!(read("/?limit=3&other=x").await, Ok(Some(3)));
        let (status, body) = read("/?limit=-1").await.unwrap_err();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let says = "{\"error\":\"a parameter cannot be read: limit: ";
        assert!(body.starts_with(says), "{body}");
    }
}

//! The HTTP API over links, faults and processes: docs/lab-api.md.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use runtime::settings::FromSetting;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::board::{Board, BoardError, Fault};
use super::kinds::KINDS;
use crate::links::ShownLink;
use crate::supervisor::control::Action;

/// The routes, over this board.
pub fn routes(board: Board, toxiproxy: Option<std::net::SocketAddr>) -> Router {
    let toxiproxy = toxiproxy.map(|address| address.to_string());
    let shown = move |State(board): State<Board>| links(board, toxiproxy.clone());
    Router::new()
        .route("/lab/links", get(shown))
        .route("/lab/faults", get(faults))
        .route("/lab/faults/kinds", get(kinds))
        .route("/lab/mend", post(mend))
        .route(
            "/lab/links/{link}/faults",
            post(break_link).delete(mend_link),
        )
        .route("/lab/links/{link}/faults/{id}", delete(mend_one))
        .route("/lab/processes/{service}/{action}", post(process))
        .with_state(board)
}

impl IntoResponse for BoardError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.to_string()});
        (self.status(), Json(body)).into_response()
    }
}

#[derive(Serialize)]
struct LinkWithFaults {
    #[serde(flatten)]
    link: ShownLink,
    faults: Vec<Fault>,
}

async fn links(board: Board, toxiproxy: Option<String>) -> Json<Value> {
    let mut shown = Vec::new();
    if let Some(links) = board.links() {
        for link in links.shown().await {
            let faults = board.of_link(&link.name);
            shown.push(LinkWithFaults { link, faults });
        }
    }
    let toxiproxy = toxiproxy.filter(|_| board.links().is_some());
    Json(json!({ "links": shown, "toxiproxy": toxiproxy }))
}

async fn faults(State(board): State<Board>) -> Json<Value> {
    Json(json!({ "faults": board.all() }))
}

async fn kinds() -> Json<Value> {
    Json(json!({ "kinds": KINDS }))
}

/// What shall be wrong with a link.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Break {
    fault: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
}

/// How long a process shall be so.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Act {
    #[serde(rename = "for")]
    lasts: Option<String>,
}

/// What the body says, which may be missing; `form` is what it looks like.
fn read<T: DeserializeOwned + Default>(body: &[u8], form: &str) -> Result<T, BoardError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| BoardError::Body(format!("the body is not {form}: {error}")))
}

fn lasts(text: Option<&str>) -> Result<Option<Duration>, BoardError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let lasts = Duration::from_setting(text).filter(|lasts| (SHORTEST..=LONGEST).contains(lasts));
    lasts.map(Some).ok_or_else(|| {
        BoardError::Body(format!(
            "for={text:?} is refused: expected a duration from 1ms to a day, as in 30s"
        ))
    })
}

/// What is over at once breaks nothing.
const SHORTEST: Duration = Duration::from_millis(1);

const LONGEST: Duration = Duration::from_hours(24);

async fn break_link(
    State(board): State<Board>,
    Path(link): Path<String>,
    body: Bytes,
) -> Result<Response, BoardError> {
    let asked: Break = read(&body, r#"{"fault": …, "for": …}"#)?;
    let fault = asked.fault.as_deref().unwrap_or_default();
    let lasts = lasts(asked.lasts.as_deref())?;
    let faults = board.break_link(&link, fault, lasts).await?;
    Ok((StatusCode::CREATED, Json(json!({ "faults": faults }))).into_response())
}

async fn mend_link(
    State(board): State<Board>,
    Path(link): Path<String>,
) -> Result<Json<Value>, BoardError> {
    let faults = board.mend_link(&link, None).await?;
    Ok(Json(json!({ "faults": faults })))
}

async fn mend_one(
    State(board): State<Board>,
    Path((link, id)): Path<(String, String)>,
) -> Result<Json<Value>, BoardError> {
    let faults = board.mend_link(&link, Some(&id)).await?;
    Ok(Json(json!({ "faults": faults })))
}

async fn mend(State(board): State<Board>) -> Result<Json<Value>, BoardError> {
    Ok(Json(json!({ "mended": board.mend().await? })))
}

async fn process(
    State(board): State<Board>,
    Path((service, action)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, BoardError> {
    let asked: Act = read(&body, r#"{"for": …}"#)?;
    let action = Action::named(&action).ok_or(BoardError::NoAction(action))?;
    let lasts = lasts(asked.lasts.as_deref())?;
    let entry = board.process(&service, action, lasts).await?;
    let answer = Json(json!({ "service": entry }));
    Ok((StatusCode::ACCEPTED, answer).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_neither_nothing_nor_without_end() {
        for wrong in ["0s", "25h", "soon"] {
            let said = lasts(Some(wrong)).unwrap_err().to_string();
            assert!(said.contains("from 1ms to a day"), "{said}");
        }
        assert_eq!(lasts(Some("24h")).unwrap(), Some(LONGEST));
        assert_eq!(lasts(None).unwrap(), None);
    }

    #[test]
    fn a_body_may_be_missing_and_a_wrong_one_is_told_what_it_should_look_like() {
        assert!(read::<Act>(b"", "").is_ok_and(|act| act.lasts.is_none()));
        for (body, why) in [
            ("[]", "invalid length 0, expected an object"),
            ("null", "invalid type: null, expected an object"),
            (
                r#"{"fault": "cut"}"#,
                "unknown field `fault`, expected `for`",
            ),
        ] {
            let said = read::<Act>(body.as_bytes(), r#"{"for": …}"#).err().unwrap();
            let expected = format!(r#"the body is not {{"for": …}}: {why}"#);
            assert!(said.to_string().starts_with(&expected), "{said}");
        }
    }
}

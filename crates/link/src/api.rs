//! toxiproxy's HTTP API, version 2.12: its clients and `toxiproxy-cli` work unchanged.
//!
//! Bodies are JSON in both directions. An error is `{"error": text, "status": code}`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::LinkError;
use crate::link::{Link, LinkConfig};
use crate::links::Links;
use crate::toxic::{Toxic, ToxicChange};

/// The version of toxiproxy whose API this is; clients look at it.
const VERSION: &str = "2.12.0";

/// The routes, over these links.
pub fn routes(links: Links) -> Router {
    Router::new()
        .route("/version", get(version))
        .route("/reset", post(reset))
        .route("/populate", post(populate))
        .route("/proxies", get(list).post(create))
        .route(
            "/proxies/{link}",
            get(show).post(update).patch(update).delete(remove),
        )
        .route("/proxies/{link}/toxics", get(toxics).post(add_toxic))
        .route(
            "/proxies/{link}/toxics/{toxic}",
            get(show_toxic)
                .post(change_toxic)
                .patch(change_toxic)
                .delete(remove_toxic),
        )
        .with_state(links)
}

impl IntoResponse for LinkError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = json!({"error": self.to_string(), "status": status.as_u16()});
        (status, Json(body)).into_response()
    }
}

async fn version() -> Json<Value> {
    Json(json!({ "version": VERSION }))
}

async fn reset(State(links): State<Links>) -> Result<StatusCode, LinkError> {
    links.reset().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(State(links): State<Links>) -> Json<Map<String, Value>> {
    let links = links.all();
    let pair = |link: Link| (link.config().name, shown(&link));
    Json(links.into_iter().map(pair).collect())
}

/// A link as a client asks for one.
#[derive(Deserialize)]
struct Draft {
    #[serde(default)]
    name: String,
    #[serde(default)]
    listen: String,
    #[serde(default)]
    upstream: String,
    enabled: Option<bool>,
}

impl Draft {
    fn complete(self, at: &str) -> Result<LinkConfig, LinkError> {
        for (field, value) in [("name", &self.name), ("upstream", &self.upstream)] {
            if value.is_empty() {
                return Err(LinkError::MissingField(format!("{field}{at}")));
            }
        }
        Ok(LinkConfig {
            name: self.name,
            listen: self.listen,
            upstream: self.upstream,
            enabled: self.enabled.unwrap_or(true),
        })
    }
}

fn parsed<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, LinkError> {
    serde_json::from_slice(body).map_err(|error| LinkError::BadBody(error.to_string()))
}

async fn create(State(links): State<Links>, body: Bytes) -> Result<Response, LinkError> {
    let link = links.add(parsed::<Draft>(&body)?.complete("")?).await?;
    Ok((StatusCode::CREATED, Json(shown(&link))).into_response())
}

async fn populate(State(links): State<Links>, body: Bytes) -> Result<Response, LinkError> {
    let drafts: Vec<Draft> = parsed(&body)?;
    // All are looked at before any is made.
    let complete = |(at, draft): (usize, Draft)| draft.complete(&format!(" at proxy {}", at + 1));
    let configs: Vec<_> = drafts
        .into_iter()
        .enumerate()
        .map(complete)
        .collect::<Result<_, _>>()?;
    let mut made = Vec::new();
    for config in configs {
        made.push(shown(&links.add_or_replace(config).await?));
    }
    Ok((StatusCode::CREATED, Json(json!({ "proxies": made }))).into_response())
}

async fn show(
    State(links): State<Links>,
    Path(link): Path<String>,
) -> Result<Json<Value>, LinkError> {
    Ok(Json(shown(&links.get(&link)?)))
}

async fn update(
    State(links): State<Links>,
    Path(link): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, LinkError> {
    let link = links.get(&link)?;
    let before = link.config();
    let draft: Draft = parsed(&body)?;
    let or = |value: String, before: String| if value.is_empty() { before } else { value };
    link.update(LinkConfig {
        name: before.name,
        listen: or(draft.listen, before.listen),
        upstream: or(draft.upstream, before.upstream),
        enabled: draft.enabled.unwrap_or(before.enabled),
    })
    .await?;
    Ok(Json(shown(&link)))
}

async fn remove(
    State(links): State<Links>,
    Path(link): Path<String>,
) -> Result<StatusCode, LinkError> {
    links.remove(&link).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn toxics(
    State(links): State<Links>,
    Path(link): Path<String>,
) -> Result<Json<Vec<Toxic>>, LinkError> {
    Ok(Json(links.get(&link)?.toxics()))
}

async fn add_toxic(
    State(links): State<Links>,
    Path(link): Path<String>,
    body: Bytes,
) -> Result<Json<Toxic>, LinkError> {
    let link = links.get(&link)?;
    let toxic = Toxic::from_json(&body)?;
    link.add(toxic.clone())?;
    Ok(Json(toxic))
}

async fn show_toxic(
    State(links): State<Links>,
    Path((link, toxic)): Path<(String, String)>,
) -> Result<Json<Toxic>, LinkError> {
    links.get(&link)?.toxic(&toxic).map(Json)
}

async fn change_toxic(
    State(links): State<Links>,
    Path((link, toxic)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Toxic>, LinkError> {
    let link = links.get(&link)?;
    let change: ToxicChange = parsed(&body)?;
    link.change_toxic(&toxic, &change).map(Json)
}

async fn remove_toxic(
    State(links): State<Links>,
    Path((link, toxic)): Path<(String, String)>,
) -> Result<StatusCode, LinkError> {
    links.get(&link)?.remove(&toxic)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(link: &Link) -> Value {
    let LinkConfig {
        name,
        listen,
        upstream,
        enabled,
    } = link.config();
    json!({
        "name": name, "listen": listen, "upstream": upstream, "enabled": enabled,
        "toxics": link.toxics(),
    })
}

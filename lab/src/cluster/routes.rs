//! The HTTP API of the page over a cluster: docs/lab-api.md.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Api;
use super::breaks::{Breaks, Place};
use super::sight::Sight;
use super::traces::Jaeger;
use super::view::services;
use super::{ClusterError, logs};
use crate::asked::Asked;
use crate::page::logs::WantedLines;
use crate::page::unless_known;

/// What the page shows.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Cluster {
    pub namespaces: Vec<String>,
    pub sight: Sight,
    pub api: Api,
    pub logs: bool,
    pub breaks: Breaks,
    pub jaeger: Option<Jaeger>,
}

/// The routes that are other ones than the lab's on one machine.
pub fn routes(cluster: Cluster) -> Router {
    let workload = "/lab/cluster/{namespace}/{workload}";
    Router::new()
        .route("/lab/services", get(shown))
        .route("/lab/logs", get(lines))
        .route("/lab/mend", post(mend))
        .route(&format!("{workload}/scale"), post(scale))
        .route(&format!("{workload}/deny"), post(deny).delete(allow))
        .route(&format!("{workload}/pods/{{pod}}"), delete(delete_pod))
        .with_state(cluster)
}

async fn shown(State(cluster): State<Cluster>, headers: HeaderMap) -> Response {
    let breaks = cluster.breaks.on();
    let can = [("breaks", breaks), ("logs", cluster.logs)];
    let can: Vec<_> = can
        .iter()
        .filter(|(_, can)| *can)
        .map(|(name, _)| *name)
        .collect();
    let mut troubles = cluster.sight.troubles();
    match &cluster.jaeger {
        Some(jaeger) => troubles.extend(jaeger.trouble()),
        None => troubles.push("JAEGER_URL is not set: there are no traces".to_owned()),
    }
    let body = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "can": can,
        "tracesGoTo": null,
        "cluster": {"namespaces": cluster.namespaces, "troubles": troubles},
        "services": services(&cluster.sight.now()),
    });
    unless_known(&headers, body.to_string())
}

async fn lines(
    State(cluster): State<Cluster>,
    Asked(wanted): Asked<WantedLines>,
) -> Result<Json<Value>, Failure> {
    if !cluster.logs {
        return Err(Failure(ClusterError::Unknown(
            "logs are off here; LOGS=on shows them".to_owned(),
        )));
    }
    let lines = logs::lines(&cluster.sight, &cluster.api, &wanted).await;
    Ok(Json(lines))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Scale {
    replicas: u32,
}

type Done = Result<Response, Failure>;

async fn scale(State(cluster): State<Cluster>, Path(at): Path<Place>, body: Bytes) -> Done {
    let wrong =
        |error| ClusterError::Wrong(format!("the body is not {{\"replicas\": …}}: {error}"));
    let asked: Scale = serde_json::from_slice(&body).map_err(wrong)?;
    done(cluster.breaks.scale(&at, asked.replicas).await)
}

async fn deny(State(cluster): State<Cluster>, Path(at): Path<Place>) -> Done {
    done(cluster.breaks.deny(&at).await)
}

async fn allow(State(cluster): State<Cluster>, Path(at): Path<Place>) -> Done {
    done(cluster.breaks.allow(&at).await)
}

async fn delete_pod(
    State(cluster): State<Cluster>,
    Path((namespace, workload, pod)): Path<(String, String, String)>,
) -> Done {
    let at = Place {
        namespace,
        workload,
    };
    done(cluster.breaks.delete_pod(&at, &pod).await)
}

async fn mend(State(cluster): State<Cluster>) -> Result<Json<Value>, Failure> {
    let mended = cluster.breaks.mend().await?;
    Ok(Json(json!({ "mended": mended })))
}

fn done(outcome: Result<(), ClusterError>) -> Done {
    outcome?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))).into_response())
}

/// An answer that says why there is no other.
#[derive(Debug)]
pub struct Failure(pub ClusterError);

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.0.to_string() });
        (self.0.status(), Json(body)).into_response()
    }
}

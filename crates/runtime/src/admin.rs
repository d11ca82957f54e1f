//! The admin port: what Kubernetes and Prometheus ask.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 while every loop of the process moves, else 503 with the silent ones |
//! | `/readyz` | 200 while work should be sent here, else 503 with the reasons |
//! | `/metrics` | OpenMetrics 1.0 text |
//! | `/version` | name, version, commit |

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use serde_json::json;

use crate::lifecycle::Lifecycle;

/// Name and version of the program that is running.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Build {
    /// The service's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from, where the build was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<&'static str>,
}

/// The routes of the admin port.
pub fn routes(lifecycle: Lifecycle, build: Build) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(lifecycle)
        .route("/version", get(move || async move { Json(build) }))
}

async fn livez(State(lifecycle): State<Lifecycle>) -> Response {
    let (live, loops) = lifecycle.liveness().report();
    (status(live), Json(json!({ "live": live, "loops": loops }))).into_response()
}

async fn readyz(State(lifecycle): State<Lifecycle>) -> Response {
    let report = lifecycle.readiness().report();
    (status(report.ready), Json(report)).into_response()
}

async fn metrics(State(lifecycle): State<Lifecycle>) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match lifecycle.metrics().render() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

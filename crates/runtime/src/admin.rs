//! The admin port: what Kubernetes and Prometheus ask.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 while every loop of the process moves, else 503 with the silent ones |
//! | `/readyz` | 200 while work should be sent here, else 503 with the reasons |
//! | `/metrics` | OpenMetrics 1.0 text where it is asked for, else Prometheus text 0.0.4 |
//! | `/version` | name, version, commit |

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
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

async fn metrics(State(lifecycle): State<Lifecycle>, headers: HeaderMap) -> Response {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
    let metrics = lifecycle.metrics();
    let (content_type, text) = if wants_open_metrics(&headers) {
        (OPEN_METRICS, metrics.render())
    } else {
        (PLAIN, metrics.render_plain())
    };
    let head = [
        (header::CONTENT_TYPE, content_type),
        (header::VARY, "accept"),
    ];
    match text {
        Ok(text) => (head, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Whether `Accept` names OpenMetrics, with a weight that is no less than that of plain text.
/// Whoever says nothing, or takes anything, may know only the older format.
fn wants_open_metrics(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut open, mut plain) = (0.0, 0.0);
    for range in ranges {
        let mut parts = range
            .split(';')
            .map(|part| part.trim().to_ascii_lowercase());
        let weight = match parts.next().as_deref() {
            Some("application/openmetrics-text") => &mut open,
            Some("text/plain") => &mut plain,
            _ => continue,
        };
        let q = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
        *weight = q.unwrap_or(1.0_f32).max(*weight);
    }
    open > 0.0 && open >= plain
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    /// Content type and body of `/metrics` for this `Accept`.
    async fn metrics(accept: Option<&str>) -> (String, String) {
        let build = Build {
            name: "exemplo",
            version: "1.0.0",
            commit: None,
        };
        let lifecycle = Lifecycle::new(crate::metrics::Metrics::new("exemplo", "1.0.0"));
        let mut request = Request::get("/metrics");
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = routes(lifecycle, build).oneshot(request).await.unwrap();
        let content_type = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
        let content_type = content_type.to_owned();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (content_type, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn metrics_are_open_metrics_for_those_who_ask_for_it() {
        // What Prometheus 3 sends, shortened.
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
        for accept in [prometheus, "application/openmetrics-text"] {
            let (content_type, text) = metrics(Some(accept)).await;
            assert!(
                content_type.starts_with("application/openmetrics-text; version=1.0.0"),
                "{content_type}"
            );
            assert!(text.contains("# TYPE otel_spans_lost counter\n"), "{text}");
            assert!(text.ends_with("# EOF\n"), "{text}");
        }
    }

    #[tokio::test]
    async fn metrics_are_plain_text_for_everybody_else() {
        for accept in [
            None,
            Some("*/*"),
            Some("text/plain;version=0.0.4"),
            Some("text/plain;q=0.6, application/openmetrics-text;q=0.4"),
            Some("application/openmetrics-text;q=0"),
        ] {
            let (content_type, text) = metrics(accept).await;
            assert!(
                content_type.starts_with("text/plain; version=0.0.4"),
                "{content_type}"
            );
            assert!(
                text.contains("# TYPE otel_spans_lost_total counter\n"),
                "{text}"
            );
            assert!(!text.contains("# EOF"), "{text}");
        }
    }
}

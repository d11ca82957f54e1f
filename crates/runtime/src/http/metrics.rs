//! What an HTTP server counts.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::metrics::{Durations, DurationsOf, First, MetricSet, Metrics};
use crate::trace::Span;

/// The requests of all HTTP servers of a process that observe theirs.
#[derive(Clone, Debug)]
pub(crate) struct HttpServerMetrics {
    pub(super) requests: Durations<HttpServerLabels>,
    pub(super) active: Family<HttpActiveLabels, Gauge>,
}

/// Labels of `http.server.active_requests`.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct HttpActiveLabels {
    pub(super) http_request_method: &'static str,
    pub(super) url_scheme: &'static str,
}

/// Labels of `http.server.request.duration`. The error's type is empty where there is none.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct HttpServerLabels {
    pub(super) http_request_method: &'static str,
    pub(super) http_route: String,
    pub(super) http_response_status_code: u16,
    pub(super) url_scheme: &'static str,
    pub(super) error_type: Cow<'static, str>,
}

impl MetricSet for HttpServerMetrics {
    fn register(metrics: &Metrics) -> Self {
        let (requests, active) = (Durations::default(), Family::default());
        let help = "Time from a request's head to the end of its answer";
        requests.register(metrics, "http_server_request_duration", help);
        let help = "Requests being answered";
        metrics.register("http_server_active_requests", help, active.clone());
        Self { requests, active }
    }
}

/// What one route counts.
#[derive(Debug)]
pub(super) struct RouteMetrics {
    /// Shared with the spans that tell it.
    template: Option<Arc<str>>,
    all: HttpServerMetrics,
    active: First<HttpActiveLabels, Gauge>,
    requests: First<RouteOutcome, DurationsOf>,
}

/// The type of the error where the client went away before it was answered.
pub(super) const CANCELLED: &str = "cancelled";

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RouteOutcome {
    pub(super) method: &'static str,
    pub(super) scheme: &'static str,
    /// None where it was not answered.
    pub(super) status: Option<StatusCode>,
}

impl RouteMetrics {
    /// Those of the route with this template, or of what no route is for.
    pub(super) fn new(template: Option<String>, all: HttpServerMetrics) -> Self {
        Self {
            template: template.map(Arc::from),
            all,
            active: First::default(),
            requests: First::default(),
        }
    }

    pub(super) fn template(&self) -> Option<&Arc<str>> {
        self.template.as_ref()
    }

    /// The requests under way that were asked like this.
    pub(super) fn active(&self, method: &'static str, scheme: &'static str) -> Gauge {
        let asked = HttpActiveLabels {
            http_request_method: method,
            url_scheme: scheme,
        };
        let find = || self.all.active.get_or_create_owned(&asked);
        self.active.get(&asked, find)
    }

    /// Counts a request that took this long.
    pub(super) fn answered(&self, outcome: RouteOutcome, took: Duration, span: &Span) {
        let find = || self.all.requests.with(&self.labels(outcome));
        self.requests.get(&outcome, find).observe(took, span);
    }

    fn labels(&self, outcome: RouteOutcome) -> HttpServerLabels {
        let error_type = match outcome.status {
            None => CANCELLED.into(),
            Some(status) if status.is_server_error() => status.as_str().to_owned().into(),
            Some(_) => "".into(),
        };
        HttpServerLabels {
            http_request_method: outcome.method,
            http_route: self.template.as_deref().unwrap_or_default().to_owned(),
            http_response_status_code: outcome.status.map_or(0, |status| status.as_u16()),
            url_scheme: outcome.scheme,
            error_type,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_under_its_labels_in_seconds() {
        let metrics = Metrics::new("exemplo", "1.0.0");
        let labels = HttpServerLabels {
            http_request_method: "GET",
            http_route: "/".to_owned(),
            http_response_status_code: 200,
            url_scheme: "http",
            error_type: "".into(),
        };
        let server = metrics.set::<HttpServerMetrics>();
        server.requests.observe(&labels, Duration::from_millis(30));
        let text = metrics.render().unwrap();
        let line = "http_server_request_duration_seconds_bucket{le=\"0.05\",\
                    http_request_method=\"GET\",http_route=\"/\",http_response_status_code=\"200\",\
                    url_scheme=\"http\",error_type=\"\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_route_counts_each_outcome_under_its_own_labels() {
        let metrics = Metrics::new("exemplo", "1.0.0");
        let route = RouteMetrics::new(Some("/".to_owned()), metrics.set());
        for (method, status) in [
            ("GET", StatusCode::OK),
            ("GET", StatusCode::OK),
            ("GET", StatusCode::INTERNAL_SERVER_ERROR),
            ("HEAD", StatusCode::OK),
        ] {
            route.active(method, "http").inc();
            let outcome = RouteOutcome {
                method,
                scheme: "http",
                status: Some(status),
            };
            route.answered(outcome, Duration::from_millis(1), &Span::none());
        }
        let text = metrics.render().unwrap();
        for (labels, count) in [
            (
                "\"GET\",http_route=\"/\",http_response_status_code=\"200\",url_scheme=\"http\",error_type=\"\"",
                2,
            ),
            (
                "\"GET\",http_route=\"/\",http_response_status_code=\"500\",url_scheme=\"http\",error_type=\"500\"",
                1,
            ),
            (
                "\"HEAD\",http_route=\"/\",http_response_status_code=\"200\",url_scheme=\"http\",error_type=\"\"",
                1,
            ),
        ] {
            let line = format!("duration_seconds_count{{http_request_method={labels}}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        let line = "active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 3\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn two_servers_of_a_process_count_into_one_metric() {
        let metrics = Metrics::new("exemplo", "1.0.0");
        let labels = HttpActiveLabels {
            http_request_method: "GET",
            url_scheme: "http",
        };
        for _ in 0..2 {
            let active = metrics.set::<HttpServerMetrics>().active;
            active.get_or_create(&labels).inc();
        }
        let text = metrics.render().unwrap();
        let shown: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("http_server_active_requests"))
            .collect();
        assert_eq!(
            shown,
            ["http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 2"]
        );
    }
}

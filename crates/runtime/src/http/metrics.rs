//! What an HTTP server counts.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::metrics::{Durations, DurationsOf, MetricSet, Metrics};
use crate::trace::Span;

/// The requests of all HTTP servers of a process that observe theirs.
#[derive(Clone, Debug)]
pub(crate) struct HttpServerMetrics {
    pub(super) requests: Durations<HttpServerLabels>,
    pub(super) active: Family<HttpActiveLabels, Gauge>,
}

/// Labels of `http.server.active_requests`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
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

/// What one route counts: mostly the same, which is looked up once.
#[derive(Debug)]
pub(super) struct RouteMetrics {
    all: HttpServerMetrics,
    /// By the labels that were asked for first.
    active: OnceLock<(HttpActiveLabels, Gauge)>,
    requests: OnceLock<(HttpServerLabels, DurationsOf)>,
}

/// How a request went.
pub(super) struct RouteOutcome<'a> {
    pub(super) method: &'static str,
    pub(super) scheme: &'static str,
    pub(super) route: &'a str,
    pub(super) status: u16,
    pub(super) error_type: &'a Cow<'static, str>,
}

impl RouteOutcome<'_> {
    fn is(&self, labels: &HttpServerLabels) -> bool {
        self.status == labels.http_response_status_code
            && self.method == labels.http_request_method
            && self.scheme == labels.url_scheme
            && self.route == labels.http_route
            && *self.error_type == labels.error_type
    }

    fn labels(&self) -> HttpServerLabels {
        HttpServerLabels {
            http_request_method: self.method,
            http_route: self.route.to_owned(),
            http_response_status_code: self.status,
            url_scheme: self.scheme,
            error_type: self.error_type.clone(),
        }
    }
}

impl RouteMetrics {
    pub(super) fn new(all: HttpServerMetrics) -> Self {
        let (active, requests) = (OnceLock::new(), OnceLock::new());
        Self {
            all,
            active,
            requests,
        }
    }

    /// The requests under way that were asked like this.
    pub(super) fn active(&self, method: &'static str, scheme: &'static str) -> Gauge {
        let asked = HttpActiveLabels {
            http_request_method: method,
            url_scheme: scheme,
        };
        let (labels, gauge) = self.active.get_or_init(|| {
            let gauge = self.all.active.get_or_create_owned(&asked);
            (asked.clone(), gauge)
        });
        if *labels == asked {
            return gauge.clone();
        }
        self.all.active.get_or_create_owned(&asked)
    }

    /// Counts a request that took this long.
    pub(super) fn answered(&self, outcome: &RouteOutcome<'_>, took: Duration, span: &Span) {
        let (labels, durations) = self.requests.get_or_init(|| {
            let labels = outcome.labels();
            let durations = self.all.requests.with(&labels);
            (labels, durations)
        });
        if outcome.is(labels) {
            durations.observe(took, span);
        } else {
            self.all
                .requests
                .with(&outcome.labels())
                .observe(took, span);
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
        let route = RouteMetrics::new(metrics.set());
        for (method, status, error) in [
            ("GET", 200, ""),
            ("GET", 200, ""),
            ("GET", 500, "500"),
            ("HEAD", 200, ""),
        ] {
            route.active(method, "http").inc();
            let outcome = RouteOutcome {
                method,
                scheme: "http",
                route: "/",
                status,
                error_type: &error.into(),
            };
            route.answered(&outcome, Duration::from_millis(1), &Span::none());
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

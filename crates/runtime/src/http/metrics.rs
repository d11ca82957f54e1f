//! What an HTTP server counts.

use std::borrow::Cow;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::metrics::{Durations, MetricSet, Metrics};

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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

//! Counters and histograms of one service, and their text for Prometheus.
//!
//! Names are those that the OpenTelemetry conventions give when they are exported to Prometheus,
//! so that known dashboards fit. Durations carry exemplars: the trace of a slow request is one
//! click away. The format is OpenMetrics 1.0. Every metric is announced from the start, with its type
//! and what it tells, also while it has no value yet; docs/metrics.md lists them all.

mod process;
mod readiness;

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::trace::TraceId;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, MetricEncoder,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use self::process::Process;
use self::readiness::ReadinessCollector;
use crate::readiness::Readiness;
use crate::trace;

/// The metrics of one service. Every clone counts into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    pub(crate) http_server: Durations<HttpServerLabels>,
    pub(crate) http_server_active: Gauge,
    pub(crate) http_client: Durations<HttpClientLabels>,
    /// Counted by every accept loop.
    pub connections: ConnectionMetrics,
    pub(crate) spans_exported: Counter,
    pub(crate) spans_lost: Counter,
}

/// Durations by labels, with the trace of a recent one in each bucket.
#[derive(Clone, Debug)]
pub struct Durations<L: Clone + std::hash::Hash + Eq>(
    Family<L, HistogramWithExemplars<TraceLabel>, Buckets>,
);

/// The trace that an exemplar points to.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TraceLabel {
    trace_id: TraceIdValue,
}

/// A trace's id, which becomes text only when somebody reads it: exemplars are kept for long, and
/// a text would keep memory from the allocator wherever a burst of requests happened to put it.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct TraceIdValue(TraceId);

impl EncodeLabelValue for TraceIdValue {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        write!(encoder, "{}", self.0)
    }
}

/// Labels of `http.server.request.duration`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct HttpServerLabels {
    pub(crate) http_request_method: &'static str,
    pub(crate) http_route: String,
    pub(crate) http_response_status_code: u16,
}

/// Labels of `http.client.request.duration`. The code is 0 where no answer came.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct HttpClientLabels {
    pub(crate) http_request_method: &'static str,
    pub(crate) server_address: String,
    pub(crate) http_response_status_code: u16,
    pub(crate) error_type: &'static str,
}

/// What an accept loop counts.
#[derive(Clone, Debug, Default)]
pub struct ConnectionMetrics {
    pub(crate) open: Family<ProtocolLabel, Gauge>,
    pub(crate) accepted: Family<ProtocolLabel, Counter>,
    pub(crate) refused: Family<ProtocolReason, Counter>,
    /// Ended by this side before their time.
    pub cut: Family<ProtocolReason, Counter>,
}

/// A protocol spoken on a listener.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct ProtocolLabel {
    pub(crate) protocol: &'static str,
}

/// Why a connection was not served, or not to its end.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ProtocolReason {
    /// As it is spoken on the listener: `http`, `grpc`, an exercise's own.
    pub protocol: &'static str,
    /// A bounded name.
    pub reason: &'static str,
}

/// Seconds; the bounds that the HTTP and RPC conventions advise, and two finer ones below.
const BOUNDS: [f64; 16] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0,
    10.0,
];

/// Makes a histogram with the bounds above.
#[derive(Clone, Debug)]
pub struct Buckets;

impl MetricConstructor<HistogramWithExemplars<TraceLabel>> for Buckets {
    fn new_metric(&self) -> HistogramWithExemplars<TraceLabel> {
        HistogramWithExemplars::new(BOUNDS.into_iter())
    }
}

impl<L: Clone + std::hash::Hash + Eq> Default for Durations<L> {
    fn default() -> Self {
        Self(Family::new_with_constructor(Buckets))
    }
}

impl<L: Clone + std::hash::Hash + Eq + EncodeLabelSet + Send + Sync + std::fmt::Debug + 'static>
    Durations<L>
{
    /// Counts one that took this long, with the trace of the current span where it is sampled.
    pub fn observe(&self, labels: &L, took: Duration) {
        let exemplar = trace::sampled_trace_id().map(|trace_id| TraceLabel {
            trace_id: TraceIdValue(trace_id),
        });
        self.0
            .get_or_create(labels)
            .observe(took.as_secs_f64(), exemplar, None);
    }

    /// Adds these durations to the `/metrics` of a service. The unit, `_seconds`, is appended.
    pub fn register(&self, metrics: &Metrics, name: &str, help: &str) {
        use prometheus_client::registry::Unit;
        let mut registry = metrics
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        registry.register_with_unit(name, help, Unit::Seconds, Announced(self.0.clone()));
    }
}

/// A metric of which the name, type and help are shown also while it has no value.
#[derive(Debug)]
struct Announced<M>(M);

impl<M: EncodeMetric> EncodeMetric for Announced<M> {
    fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.encode(encoder)
    }

    fn metric_type(&self) -> MetricType {
        self.0.metric_type()
    }
}

impl Metrics {
    /// The metrics of a service of this name and version, all at zero.
    pub fn new(service: &str, version: &'static str) -> Self {
        let metrics = Self {
            registry: Arc::default(),
            http_server: Durations::default(),
            http_server_active: Gauge::default(),
            http_client: Durations::default(),
            connections: ConnectionMetrics::default(),
            spans_exported: Counter::default(),
            spans_lost: Counter::default(),
        };
        metrics.register(
            "target",
            "The service that these metrics are of",
            Info::new([
                ("service_name", service.to_owned()),
                ("service_version", version.to_owned()),
            ]),
        );
        let connections = &metrics.connections;
        metrics.register(
            "server_connections_open",
            "Connections open",
            connections.open.clone(),
        );
        let help = "Connections accepted";
        metrics.register(
            "server_connections_accepted",
            help,
            connections.accepted.clone(),
        );
        let help = "Connections closed unserved, by reason";
        metrics.register(
            "server_connections_refused",
            help,
            connections.refused.clone(),
        );
        let help = "Connections ended by this side before their time, by reason";
        metrics.register("server_connections_cut", help, connections.cut.clone());
        let help = "Requests being answered";
        metrics.register(
            "http_server_active_requests",
            help,
            metrics.http_server_active.clone(),
        );
        let help = "Spans handed to the collector";
        metrics.register("otel_spans_exported", help, metrics.spans_exported.clone());
        let help = "Spans that the collector did not take";
        metrics.register("otel_spans_lost", help, metrics.spans_lost.clone());
        let help = "Time from a request's head to the end of its answer";
        metrics
            .http_server
            .register(&metrics, "http_server_request_duration", help);
        let help = "Time from sending a request to the end of its answer";
        metrics
            .http_client
            .register(&metrics, "http_client_request_duration", help);
        metrics
    }

    /// Adds a metric of the service's own. Counters get `_total` appended.
    pub fn register(&self, name: &str, help: &str, metric: impl Metric) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(name, help, Announced(metric));
    }

    /// Adds what the system knows of this process.
    pub(crate) fn show_process(&self) {
        self.collect(Process::starting());
    }

    /// Adds whether the service is ready.
    pub(crate) fn show_state(&self, readiness: &Readiness) {
        self.collect(ReadinessCollector(readiness.clone()));
    }

    fn collect(&self, collector: impl Collector) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(collector));
    }

    /// All metrics as OpenMetrics text.
    pub fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(
            &mut text,
            &self.registry.lock().unwrap_or_else(PoisonError::into_inner),
        )?;
        Ok(text)
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
        };
        metrics
            .http_server
            .observe(&labels, Duration::from_millis(30));
        let text = metrics.render().unwrap();
        let line = "http_server_request_duration_seconds_bucket{le=\"0.05\",\
                    http_request_method=\"GET\",http_route=\"/\",http_response_status_code=\"200\"} 1";
        assert!(text.contains(line), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_metric_without_a_value_is_announced() {
        let text = Metrics::new("exemplo", "1.0.0").render().unwrap();
        let line = "# TYPE server_connections_refused counter\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn the_process_shows_its_memory_where_there_is_proc() {
        let metrics = Metrics::new("exemplo", "1.0.0");
        metrics.show_process();
        let text = metrics.render().unwrap();
        assert!(text.contains("\nprocess_start_time_seconds "), "{text}");
        let linux = cfg!(target_os = "linux");
        for name in [
            "process_resident_memory_bytes ",
            "process_cpu_seconds_total ",
        ] {
            assert_eq!(text.contains(&format!("\n{name}")), linux, "{text}");
        }
    }
}

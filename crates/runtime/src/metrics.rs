//! Counters and histograms of one service, and their text for Prometheus.
//!
//! Names are those that the OpenTelemetry conventions give when they are exported to Prometheus,
//! so that known dashboards fit. Durations carry exemplars: the trace of a slow request is one
//! click away. The format is OpenMetrics 1.0, or Prometheus text 0.0.4. Every metric is announced from the start, with its type
//! and what it tells, also while it has no value yet; docs/metrics.md lists them all.

mod first;
mod plain;
mod process;
mod readiness;

use std::any::{Any, TypeId};
use std::collections::HashMap;
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

pub(crate) use self::first::First;
use self::process::Process;
pub(crate) use self::process::resident;
use self::readiness::ReadinessCollector;
use crate::memory::MemoryBudget;
use crate::memory::collector::MemoryCollector;
use crate::readiness::Readiness;
use crate::trace::{self, Span};

/// The metrics of one service. Every clone counts into the same ones.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    /// The sets that were asked for, by their types.
    sets: Arc<Mutex<HashMap<TypeId, Box<dyn Any + Send + Sync>>>>,
    pub(crate) connections: ConnectionMetrics,
    pub(crate) spans_exported: Counter,
    spans_lost: Family<LostReason, Counter>,
}

/// Metrics that belong together. However many parts of a process count into them, they are
/// registered once.
pub trait MetricSet: Clone + Send + Sync + 'static {
    /// Makes them and adds each to `/metrics`.
    fn register(metrics: &Metrics) -> Self;
}

/// Durations by labels, with the trace of a recent one in each bucket.
#[derive(Clone, Debug)]
pub struct Durations<L: Clone + std::hash::Hash + Eq> {
    all: Family<L, HistogramWithExemplars<TraceLabel>, Buckets>,
    first: Arc<First<L, DurationsOf>>,
}

/// The trace that an exemplar points to.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TraceLabel {
    trace_id: TraceIdValue,
}

impl TraceLabel {
    fn of(trace_id: TraceId) -> Self {
        let trace_id = TraceIdValue(trace_id);
        Self { trace_id }
    }
}

/// Durations with one set of labels.
#[derive(Clone, Debug)]
pub(crate) struct DurationsOf(HistogramWithExemplars<TraceLabel>);

impl DurationsOf {
    /// Counts one that took this long, with the trace of this span where it is sampled.
    pub(crate) fn observe(&self, took: Duration, of: &Span) {
        let exemplar = of.sampled_trace_id().map(TraceLabel::of);
        self.0.observe(took.as_secs_f64(), exemplar, None);
    }
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

/// The connections of all servers of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionMetrics {
    open: Family<ProtocolLabel, Gauge>,
    accepted: Family<ProtocolLabel, Counter>,
    refused: Family<ProtocolReason, Counter>,
    cut: Family<ProtocolReason, Counter>,
}

impl ConnectionMetrics {
    pub(crate) fn open(&self, protocol: &'static str) -> Gauge {
        self.open.get_or_create_owned(&ProtocolLabel { protocol })
    }

    pub(crate) fn accepted(&self, protocol: &'static str) -> Counter {
        let label = ProtocolLabel { protocol };
        self.accepted.get_or_create_owned(&label)
    }

    pub(crate) fn refused(&self, protocol: &'static str, reason: &'static str) -> Counter {
        let labels = ProtocolReason { protocol, reason };
        self.refused.get_or_create_owned(&labels)
    }

    /// Ended by this side before their time.
    pub(crate) fn cut(&self, protocol: &'static str, reason: &'static str) -> Counter {
        let labels = ProtocolReason { protocol, reason };
        self.cut.get_or_create_owned(&labels)
    }
}

/// A protocol spoken on a listener: `http`, `grpc`, an exercise's own.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProtocolLabel {
    protocol: &'static str,
}

/// Why a connection was not served, or not to its end. The reason is one of few.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ProtocolReason {
    protocol: &'static str,
    reason: &'static str,
}

/// Why a span did not come to the collector.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LostReason {
    reason: &'static str,
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
        Self {
            all: Family::new_with_constructor(Buckets),
            first: Arc::default(),
        }
    }
}

impl<L: Clone + std::hash::Hash + Eq + EncodeLabelSet + Send + Sync + std::fmt::Debug + 'static>
    Durations<L>
{
    /// Counts one that took this long, with the trace of the current span where it is sampled.
    pub fn observe(&self, labels: &L, took: Duration) {
        let exemplar = trace::sampled_trace_id().map(TraceLabel::of);
        let durations = self.first.get(labels, || self.with(labels));
        durations.0.observe(took.as_secs_f64(), exemplar, None);
    }

    /// Those with these labels, to be looked up once.
    pub(crate) fn with(&self, labels: &L) -> DurationsOf {
        DurationsOf(self.all.get_or_create_owned(labels))
    }

    /// Adds these durations to the `/metrics` of a service. The unit, `_seconds`, is appended.
    pub fn register(&self, metrics: &Metrics, name: &str, help: &str) {
        use prometheus_client::registry::Unit;
        let mut registry = metrics
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        registry.register_with_unit(name, help, Unit::Seconds, Announced(self.all.clone()));
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
            sets: Arc::default(),
            connections: ConnectionMetrics::default(),
            spans_exported: Counter::default(),
            spans_lost: Family::default(),
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
        let help = "Spans handed to the collector";
        metrics.register("otel_spans_exported", help, metrics.spans_exported.clone());
        let help = "Spans that did not come to the collector, by reason";
        metrics.register("otel_spans_lost", help, metrics.spans_lost.clone());
        metrics
    }

    /// Spans that did not come to the collector, for one of few reasons.
    pub(crate) fn spans_lost(&self, reason: &'static str) -> Counter {
        self.spans_lost.get_or_create_owned(&LostReason { reason })
    }

    /// The metrics of this type, registered when they are first asked for.
    pub fn set<S: MetricSet>(&self) -> S {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sets.get(&TypeId::of::<S>());
        if let Some(set) = known.and_then(|set| set.downcast_ref::<S>()) {
            return set.clone();
        }
        let set = S::register(self);
        sets.insert(TypeId::of::<S>(), Box::new(set.clone()));
        set
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

    /// Adds how much memory connections and requests hold.
    pub(crate) fn show_memory(&self, memory: &MemoryBudget) {
        self.collect(MemoryCollector(memory.clone()));
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

    /// All metrics as Prometheus text 0.0.4, which has no exemplars.
    pub fn render_plain(&self) -> Result<String, std::fmt::Error> {
        Ok(plain::from_open_metrics(&self.render()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! Spans to a collector, logs to stderr, and the formats in which contexts travel.
//!
//! OTLP over HTTP/protobuf by a blocking client on the exporter's own thread: of the transports
//! on offer it is the one that delivers from every shape of async runtime, down to the single
//! worker that a pod with one CPU gets.

mod batches;
mod encoding;
mod export;
mod limits;
mod log;
mod otel;
mod otlp;
mod settings;
mod transport;
mod variables;

pub use settings::{TelemetryOptions, TelemetrySettings};

use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::admin::Build;
use crate::metrics::Metrics;
use crate::trace::{Backlog, Recorder, Tracer};
use batches::Batches;

/// Why spans or logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Another subscriber or tracer is set already in this process.
    #[error("logs or spans are set up twice in one process")]
    Twice,
}

/// The telemetry of a process; [`finish`](Self::finish) it when all else has ended.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up spans, propagation and logs for the whole process.
    pub(crate) fn start(
        build: Build,
        settings: &TelemetrySettings,
        metrics: &Metrics,
    ) -> Result<Self, TelemetryError> {
        let mut warnings = settings.warnings.clone();
        let recorder = recorder(build, settings, metrics, &mut warnings);
        let provider = recorder
            .as_ref()
            .map(|recorder| recorder.provider().clone());
        settings.formats.install();
        let log = log::layer(settings.log_json).with_filter(settings.logged.clone());
        Registry::default()
            .with(log)
            .try_init()
            .map_err(|_| TelemetryError::Twice)?;
        if !tracer(settings, recorder).install() {
            return Err(TelemetryError::Twice);
        }
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self { provider })
    }

    /// Sends what is left, for at most three seconds.
    pub(crate) fn finish(self) {
        let Some(provider) = self.provider else {
            return;
        };
        if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "last spans not delivered");
        }
    }
}

const FLUSH: Duration = Duration::from_secs(3);

/// Who records spans; none where nobody takes them.
fn recorder(
    build: Build,
    settings: &TelemetrySettings,
    metrics: &Metrics,
    warnings: &mut Vec<String>,
) -> Option<Recorder> {
    let otlp = settings.otlp.as_ref().filter(|_| !settings.disabled)?;
    let proxies = Matcher::from_env();
    match export::exporter(otlp, settings, metrics, &proxies, warnings) {
        Ok(exporter) => {
            let config = settings.batches.config();
            let backlog = Backlog::new(settings.batches.queue, metrics.spans_lost("queue_full"));
            let batches = Batches::new(exporter, config, backlog.clone(), batches::FAILURE);
            let provider = SdkTracerProvider::builder()
                .with_resource(resource(build, settings))
                .with_span_limits(settings.limits)
                .with_span_processor(batches);
            Some(Recorder::new(provider, settings.sampler.clone(), backlog))
        }
        Err(warning) => {
            warnings.push(warning);
            None
        }
    }
}

/// Who makes the spans. Where nobody takes them they still have ids, for logs and for those who are
/// called.
fn tracer(settings: &TelemetrySettings, recorder: Option<Recorder>) -> Tracer {
    match recorder {
        Some(recorder) => Tracer::Recorded(recorder),
        None if settings.disabled => Tracer::Disabled,
        None => Tracer::Unrecorded(settings.sampler.clone()),
    }
}

/// What the spans say of this process; the environment's word wins.
fn resource(build: Build, settings: &TelemetrySettings) -> Resource {
    let instance = uuid::Uuid::new_v4().to_string();
    let name = settings.part.as_deref().unwrap_or(build.name).to_owned();
    let own = [
        KeyValue::new("service.name", name),
        KeyValue::new("service.version", build.version),
        KeyValue::new("service.namespace", "malha"),
        KeyValue::new("service.instance.id", instance),
        KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        KeyValue::new("telemetry.sdk.language", "rust"),
        KeyValue::new("telemetry.sdk.version", SDK_VERSION),
    ];
    let said = settings.service_name.as_ref();
    let said = said.map(|name| KeyValue::new("service.name", name.clone()));
    Resource::builder_empty()
        .with_attributes(own)
        .with_attributes(settings.resource.iter().cloned())
        .with_attributes(said)
        .build()
}

/// The SDK does not tell its own version; the workspace's Cargo.toml names the same one.
const SDK_VERSION: &str = "0.33.1";

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use opentelemetry_sdk::trace::Sampler;

    use super::*;
    use crate::trace::{Formats, Parent, SpanKind, extract, inject};

    /// What a service that was called with this header, or none, sends to the next one.
    fn passed_on(tracer: &Tracer, traceparent: Option<&str>) -> String {
        Formats::TRACE_CONTEXT.install();
        let mut headers = HeaderMap::new();
        if let Some(traceparent) = traceparent {
            headers.insert("traceparent", traceparent.parse().unwrap());
        }
        let parent = Parent::Remote(extract(&headers));
        let server = tracer.start(SpanKind::Server, parent, || ("GET /".into(), Vec::new()));
        let client = server.in_scope(|| {
            tracer.start(SpanKind::Client, Parent::Current, || {
                ("GET".into(), Vec::new())
            })
        });
        let mut sent = HeaderMap::new();
        inject(&client, &mut sent);
        let sent = sent.get("traceparent").map(|value| value.to_str().unwrap());
        sent.unwrap_or_default().to_owned()
    }

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    fn by_parent(root: Sampler) -> Sampler {
        Sampler::ParentBased(Box::new(root))
    }

    #[test]
    fn with_the_sdk_disabled_a_context_passes_through_unchanged() {
        assert_eq!(passed_on(&Tracer::Disabled, Some(SAMPLED)), SAMPLED);
        assert_eq!(passed_on(&Tracer::Disabled, Some(UNSAMPLED)), UNSAMPLED);
        assert_eq!(passed_on(&Tracer::Disabled, None), "");
    }

    #[test]
    fn with_spans_the_trace_goes_on_under_a_span_of_this_process() {
        let sampler = by_parent(Sampler::AlwaysOn);
        let provider = SdkTracerProvider::builder();
        let recorder = Recorder::new(provider, sampler.clone(), Backlog::default());
        for tracer in [Tracer::Recorded(recorder), Tracer::Unrecorded(sampler)] {
            let sent = passed_on(&tracer, Some(SAMPLED));
            assert!(
                sent.starts_with(&SAMPLED[..36]) && sent.ends_with("-01"),
                "{sent}"
            );
            assert_ne!(sent, SAMPLED);
            assert!(passed_on(&tracer, Some(UNSAMPLED)).ends_with("-00"));
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_sampled_as_it_is_called() {
        let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
        let sampler = by_parent(Sampler::TraceIdRatioBased(0.5));
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
        let recorder = Recorder::new(provider, sampler, Backlog::default());
        let tracer = Tracer::Recorded(recorder);
        let pass = |_| passed_on(&tracer, None);
        let sent: Vec<_> = (0..200).map(pass).collect();
        let sampled: Vec<_> = sent.iter().filter(|sent| sent.ends_with("-01")).collect();
        assert!((1..200).contains(&sampled.len()), "{}", sampled.len());
        let spans = exporter.get_finished_spans().unwrap();
        assert_eq!(spans.len(), 2 * sampled.len(), "a server's and a client's");
        for sent in sampled {
            let of_it = |span: &&opentelemetry_sdk::trace::SpanData| {
                sent.contains(&span.span_context.trace_id().to_string())
            };
            assert_eq!(spans.iter().filter(of_it).count(), 2, "{sent}");
        }
    }
}

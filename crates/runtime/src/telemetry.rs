//! Spans to a collector, logs to stderr, and the formats in which contexts travel.
//!
//! OTLP over HTTP/protobuf by a blocking client on the exporter's own thread: of the transports
//! on offer it is the one that delivers from every shape of async runtime, down to the single
//! worker that a pod with one CPU gets.

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
use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry::trace::noop::NoopTracer;
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry};

use crate::admin::Build;
use crate::metrics::Metrics;
use crate::trace;
use otel::Propagator;

/// Why spans or logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Another subscriber is set already in this process.
    #[error("logs are set up twice in one process")]
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
        let provider = provider(build, settings, metrics, &mut warnings);
        set_propagators(&settings.propagators);
        let log = log::layer(settings.log_json).with_filter(filter(&settings.log_level));
        Registry::default()
            .with(log)
            .with(span_layer(provider.as_ref()))
            .try_init()
            .map_err(|_| TelemetryError::Twice)?;
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

/// The provider of spans; none where the SDK is disabled.
///
/// Without an endpoint it still makes spans, for the ids in logs and for those who are called.
fn provider(
    build: Build,
    settings: &TelemetrySettings,
    metrics: &Metrics,
    warnings: &mut Vec<String>,
) -> Option<SdkTracerProvider> {
    if settings.disabled {
        return None;
    }
    let mut provider = SdkTracerProvider::builder()
        .with_resource(resource(build, settings))
        .with_sampler(settings.sampler.clone())
        .with_span_limits(settings.limits);
    if let Some(otlp) = &settings.otlp {
        let proxies = Matcher::from_env();
        match export::exporter(otlp, settings, metrics, &proxies, warnings) {
            Ok(exporter) => {
                let batches = BatchSpanProcessor::builder(exporter)
                    .with_batch_config(settings.batches.config());
                provider = provider.with_span_processor(batches.build());
            }
            Err(warning) => warnings.push(warning),
        }
    }
    Some(provider.build())
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

fn set_propagators(propagators: &[Propagator]) {
    let formats = propagators.iter().map(|propagator| match propagator {
        Propagator::TraceContext => {
            Box::new(TraceContextPropagator::new()) as Box<dyn TextMapPropagator + Send + Sync>
        }
        Propagator::Baggage => Box::new(BaggagePropagator::new()),
    });
    global::set_text_map_propagator(TextMapCompositePropagator::new(formats.collect()));
}

/// The layer that turns `tracing` spans of [`trace`] into OpenTelemetry's.
///
/// Where the SDK is disabled, contexts still pass through unchanged, as the specification wants.
pub fn span_layer<S>(provider: Option<&SdkTracerProvider>) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber
        + for<'span> tracing_subscriber::registry::LookupSpan<'span>
        + Send
        + Sync,
{
    let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == trace::TARGET);
    let layer = tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    match provider {
        Some(provider) => layer
            .with_tracer(provider.tracer("malha"))
            .with_filter(ours)
            .boxed(),
        None => layer
            .with_tracer(NoopTracer::new())
            .with_filter(ours)
            .boxed(),
    }
}

/// What is logged, without what the exporter's own stack says of itself, and without the fields of
/// spans: lines have a trace's id, so that nobody need write them out.
fn filter(level: &str) -> EnvFilter {
    const QUIET: &str = "hyper=off,hyper_util=off,reqwest=off,h2=off,opentelemetry=off,\
                         opentelemetry_sdk=off,opentelemetry-otlp=off,opentelemetry_otlp=off,malha::trace=off";
    EnvFilter::new(format!("{QUIET},{level}"))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::trace::{Parent, SpanKind, extract, inject, start};

    /// What a service that was called with these headers sends to the next one.
    fn passed_on(provider: Option<&SdkTracerProvider>, traceparent: &str) -> String {
        set_propagators(&[Propagator::TraceContext]);
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", traceparent.parse().unwrap());
        let subscriber = Registry::default().with(span_layer(provider));
        tracing::subscriber::with_default(subscriber, || {
            let server = start(
                SpanKind::Server,
                "GET /",
                Parent::Remote(extract(&headers)),
                [],
            );
            let client = server.in_scope(|| start(SpanKind::Client, "GET", Parent::Current, []));
            let mut sent = HeaderMap::new();
            inject(&client, &mut sent);
            sent["traceparent"].to_str().unwrap().to_owned()
        })
    }

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const UNSAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn with_the_sdk_disabled_a_context_passes_through_unchanged() {
        assert_eq!(passed_on(None, SAMPLED), SAMPLED);
        assert_eq!(passed_on(None, UNSAMPLED), UNSAMPLED);
    }

    #[test]
    fn with_spans_the_trace_goes_on_under_a_span_of_this_process() {
        let provider = SdkTracerProvider::builder().build();
        let sent = passed_on(Some(&provider), SAMPLED);
        assert!(
            sent.starts_with(&SAMPLED[..36]) && sent.ends_with("-01"),
            "{sent}"
        );
        assert_ne!(sent, SAMPLED);
        assert!(passed_on(Some(&provider), UNSAMPLED).ends_with("-00"));
    }
}

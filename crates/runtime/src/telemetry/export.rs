//! The exporter, with a count of what it delivers and one line when that changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use opentelemetry_otlp::{Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus_client::metrics::counter::Counter;

use super::TelemetrySettings;
use super::encoding::EncodedResource;
use super::limits::ValueLength;
use super::otlp::OtlpSettings;
use super::transport::{Body, Failure, Route, Transport};
use crate::metrics::Metrics;

/// Sends spans to a collector and counts them; none, with a warning, where that cannot be set up.
pub(super) fn exporter(
    otlp: &OtlpSettings,
    settings: &TelemetrySettings,
    metrics: &Metrics,
    proxies: &Matcher,
    warnings: &mut Vec<String>,
) -> Result<Counting, String> {
    let unusable = |error: String| {
        let endpoint = &otlp.endpoint;
        format!("spans cannot be sent to {endpoint}: {error}; nothing is exported")
    };
    let route = Route::new(&otlp.endpoint, otlp.tls.clone(), proxies, warnings);
    let timeout = otlp.timeout.min(settings.batches.export_timeout);
    let transport = Transport::new(route.map_err(unusable)?, otlp, timeout);
    let transport = transport.map_err(|error| unusable(error.to_string()))?;
    let (failure, body) = (transport.failure(), transport.body());
    let inner = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(transport)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout)
        .with_endpoint(&otlp.endpoint)
        .build();
    Ok(Counting {
        inner: inner.map_err(|error| unusable(error.to_string()))?,
        body,
        resource: EncodedResource::default(),
        endpoint: otlp.endpoint.clone(),
        value_length: settings.value_length,
        exported: metrics.spans_exported.clone(),
        lost: metrics.spans_lost("not_delivered"),
        failing: AtomicBool::new(false),
        failure,
    })
}

/// An exporter that says once that it fails, and once that it does not any more.
#[derive(Debug)]
pub(super) struct Counting {
    inner: opentelemetry_otlp::SpanExporter,
    body: Body,
    resource: EncodedResource,
    endpoint: String,
    value_length: ValueLength,
    exported: Counter,
    lost: Counter,
    failing: AtomicBool,
    failure: Failure,
}

impl SpanExporter for Counting {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        self.value_length.apply(&mut batch);
        // What is sent is encoded here; the exporter, which tries again where that helps, has nothing of
        // its own to encode.
        self.body.set(self.resource.request(&batch));
        drop(batch);
        let outcome = self.inner.export(Vec::new()).await;
        self.body.set(Vec::new()); // as it may be long until the next one
        let failed = outcome.is_err();
        let changed = self.failing.swap(failed, Ordering::Relaxed) != failed;
        match &outcome {
            Ok(()) => {
                self.exported.inc_by(spans);
                if changed {
                    tracing::info!(endpoint = self.endpoint, "spans are delivered again");
                }
            }
            Err(error) => {
                self.lost.inc_by(spans);
                if changed {
                    let reason = self.failure.take();
                    tracing::warn!(endpoint = self.endpoint, %error, reason, "spans are not delivered");
                }
            }
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = EncodedResource::new(resource);
    }
}

#[cfg(test)]
mod tests;

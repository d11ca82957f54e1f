//! The exporter, with a count of what it delivers and one line when that changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use prometheus_client::metrics::counter::Counter;

use crate::metrics::Metrics;

/// Sends spans to this URL and counts them; none, with a warning, where that cannot be set up.
pub(super) fn exporter(endpoint: &str, metrics: &Metrics) -> Result<Counting, String> {
    let inner = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build();
    let inner = inner.map_err(|error| {
        format!("spans cannot be sent to {endpoint}: {error}; nothing is exported")
    })?;
    Ok(Counting {
        inner,
        endpoint: endpoint.to_owned(),
        exported: metrics.spans_exported.clone(),
        lost: metrics.spans_lost.clone(),
        failing: AtomicBool::new(false),
    })
}

/// An exporter that says once that it fails, and once that it does not any more.
#[derive(Debug)]
pub(super) struct Counting {
    inner: opentelemetry_otlp::SpanExporter,
    endpoint: String,
    exported: Counter,
    lost: Counter,
    failing: AtomicBool,
}

impl SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let outcome = self.inner.export(batch).await;
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
                    tracing::warn!(endpoint = self.endpoint, %error, "spans are not delivered");
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
        self.inner.set_resource(resource);
    }
}

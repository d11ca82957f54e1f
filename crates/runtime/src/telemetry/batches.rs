//! Spans on their way to the exporter. The SDK's processor gathers them in batches; what is around it
//! counts how many wait, so that spans for which there is no place are not made at all.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfig, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor,
};

use crate::trace::Backlog;

/// What a batch that fails takes at least. Some fail at once, by a status that forbids to try again: if the
/// next followed at once, spans would be made as if somebody took them.
pub(super) const FAILURE: Duration = Duration::from_secs(1);

/// The SDK's processor behind the count of those that wait.
#[derive(Debug)]
pub(super) struct Batches {
    inner: BatchSpanProcessor,
    backlog: Backlog,
    ending: Arc<Ending>,
}

impl Batches {
    /// Hands spans to this exporter. `failure` is the least that a batch that fails takes.
    pub(super) fn new<E: SpanExporter + 'static>(
        exporter: E,
        config: BatchConfig,
        backlog: Backlog,
        failure: Duration,
    ) -> Self {
        let ending = Arc::<Ending>::default();
        let paced = Paced {
            inner: exporter,
            backlog: backlog.clone(),
            ending: Arc::clone(&ending),
            failure,
        };
        let inner = BatchSpanProcessor::builder(paced).with_batch_config(config);
        Self {
            inner: inner.build(),
            backlog,
            ending,
        }
    }
}

impl SpanProcessor for Batches {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        // No more than have a place are handed on, and so the SDK, which tells nobody, drops none.
        if self.backlog.enter() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.ending.begin();
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// An exporter whose batches leave the backlog, and which does not fail too often.
#[derive(Debug)]
struct Paced<E> {
    inner: E,
    backlog: Backlog,
    ending: Arc<Ending>,
    failure: Duration,
}

impl<E: SpanExporter> SpanExporter for Paced<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let started = Instant::now();
        self.backlog.leave(batch.len());
        let outcome = self.inner.export(batch).await;
        if outcome.is_err() {
            // The thread is the processor's own.
            self.ending
                .within(self.failure.saturating_sub(started.elapsed()));
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

/// Whether the process ends, and nothing is waited for any more.
#[derive(Debug, Default)]
struct Ending {
    begun: Mutex<bool>,
    changed: Condvar,
}

impl Ending {
    fn begin(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Blocks until it begins, or for so long.
    fn within(&self, time: Duration) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        // Woken or not: there is nothing more to wait for.
        drop(
            self.changed
                .wait_timeout_while(begun, time, |begun| !*begun),
        );
    }
}

#[cfg(test)]
mod tests;

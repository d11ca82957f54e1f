//! What becomes of spans while the exporter hangs or fails.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use http::HeaderMap;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::trace::{BatchConfigBuilder, Sampler, SdkTracerProvider};
use prometheus_client::metrics::counter::Counter;

use super::*;
use crate::trace::{Formats, Parent, Recorder, SpanKind, Tracer, inject};

/// Hands over how many spans each batch has, and waits for what becomes of it.
#[derive(Debug)]
struct Asking {
    batches: Sender<usize>,
    outcomes: Mutex<Receiver<OTelSdkResult>>,
}

impl SpanExporter for Asking {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.batches.send(batch.len()).unwrap();
        self.outcomes.lock().unwrap().recv().unwrap()
    }
}

/// A process that records its spans.
struct Recording {
    tracer: Tracer,
    provider: SdkTracerProvider,
    lost: Counter,
    batches: Receiver<usize>,
    outcomes: SyncSender<OTelSdkResult>,
}

const QUEUE: usize = 4;
const BATCH: usize = 2;

impl Recording {
    fn new(failure: Duration) -> Self {
        let (asked, batches) = channel();
        let (outcomes, answers) = sync_channel(QUEUE);
        let exporter = Asking {
            batches: asked,
            outcomes: Mutex::new(answers),
        };
        // Spans are exported as a batch is full, and not by the clock.
        let config = BatchConfigBuilder::default()
            .with_scheduled_delay(Duration::from_hours(1))
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH);
        let lost = Counter::default();
        let backlog = Backlog::new(QUEUE, lost.clone());
        let batches_of = Batches::new(exporter, config.build(), backlog.clone(), failure);
        let provider = SdkTracerProvider::builder().with_span_processor(batches_of);
        let recorder = Recorder::new(provider, Sampler::AlwaysOn, backlog);
        Self {
            provider: recorder.provider().clone(),
            tracer: Tracer::Recorded(recorder),
            lost,
            batches,
            outcomes,
        }
    }

    /// Makes so many spans, and says which were recorded. Those who are called are told of all, as sampled.
    fn spans(&self, count: usize) -> Vec<bool> {
        Formats::TRACE_CONTEXT.install();
        let made = (0..count).map(|_| {
            let span = self.span();
            let mut sent = HeaderMap::new();
            inject(&span, &mut sent);
            let sent = sent["traceparent"].to_str().unwrap();
            assert!(sent.ends_with("-01"), "{sent}");
            assert!(span.identity().unwrap().is_sampled());
            span.is_recorded()
        });
        made.collect()
    }

    fn span(&self) -> crate::trace::Span {
        let parent = Parent::Remote(Context::new());
        let describe = || ("GET".into(), Vec::new());
        self.tracer.start(SpanKind::Server, parent, describe)
    }
}

#[test]
fn while_the_exporter_hangs_spans_without_a_place_are_not_made_and_counted_once() {
    let process = Recording::new(Duration::ZERO);
    assert_eq!(process.spans(BATCH), [true; BATCH]);
    assert_eq!(process.batches.recv(), Ok(BATCH));
    assert_eq!(process.spans(QUEUE), [true; QUEUE]);
    assert_eq!(process.spans(10), [false; 10]);
    assert_eq!(process.lost.get(), 10);

    // It answers again, and what waited is delivered before there are new ones.
    process.outcomes.send(Ok(())).unwrap();
    assert_eq!(process.batches.recv(), Ok(BATCH));
    assert_eq!(process.spans(3), [true, true, false]);
    assert_eq!(process.lost.get(), 11);
    for _ in 0..3 {
        process.outcomes.send(Ok(())).unwrap();
    }
    assert_eq!(process.batches.recv(), Ok(BATCH));
    assert_eq!(process.batches.recv(), Ok(BATCH));
    process.provider.shutdown().unwrap();
    assert_eq!(process.lost.get(), 11);
}

#[test]
fn spans_that_began_while_there_was_a_place_and_find_none_are_counted_once() {
    let process = Recording::new(Duration::ZERO);
    assert_eq!(process.spans(BATCH), [true; BATCH]);
    assert_eq!(process.batches.recv(), Ok(BATCH));
    let open = [(); QUEUE + 3].map(|()| process.span());
    assert!(open.iter().all(crate::trace::Span::is_recorded));
    drop(open);
    assert_eq!(process.lost.get(), 3);
    for _ in 0..3 {
        process.outcomes.send(Ok(())).unwrap();
    }
    process.provider.shutdown().unwrap();
    assert_eq!(process.lost.get(), 3);
}

#[test]
fn after_a_batch_that_fails_at_once_the_next_waits_but_not_for_the_end_of_the_process() {
    let process = Recording::new(Duration::from_hours(1));
    let failed = || Err(OTelSdkError::InternalFailure("404".to_owned()));
    process.outcomes.send(failed()).unwrap();
    assert_eq!(process.spans(BATCH), [true; BATCH]);
    assert_eq!(process.batches.recv(), Ok(BATCH));
    // Nobody asks for these, and so the queue fills.
    assert_eq!(process.spans(QUEUE), [true; QUEUE]);
    assert_eq!(process.spans(1), [false]);
    for _ in 0..2 {
        process.outcomes.send(failed()).unwrap();
    }
    process
        .provider
        .shutdown_with_timeout(Duration::from_mins(1))
        .unwrap();
    assert_eq!(process.batches.try_iter().sum::<usize>(), QUEUE);
}

//! Spans that are recorded. Each is a span of `tracing`, which its bridge makes one of the SDK's.

use std::borrow::Cow;
use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::{SpanBuilder, SpanContext, SpanId, TraceId, TracerProvider};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SdkTracer, SdkTracerProvider, TracerProviderBuilder,
};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, dispatcher};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use super::span::Span;
use super::{Backlog, TARGET};

/// Makes the spans that a provider records.
///
/// They have a subscriber of their own. That of the log has no use for them, and each layer of it would be
/// asked about each of them, at every step of its life.
#[derive(Clone, Debug)]
pub struct Recorder {
    pub(super) sampler: Sampler,
    pub(super) backlog: Backlog,
    spans: Dispatch,
    provider: SdkTracerProvider,
}

impl Recorder {
    /// Records what this sampler takes and the backlog has a place for, as the provider is told.
    pub fn new(provider: TracerProviderBuilder, sampler: Sampler, backlog: Backlog) -> Self {
        let provider = provider
            .with_id_generator(GivenIds::default())
            .with_sampler(Sampler::AlwaysOn) // of those that ours has taken
            .build();
        let bridge = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_tracer(Described(provider.tracer("malha")));
        // Of what else there is in a process it wants nothing, so that the log's subscriber decides on that.
        let ours = filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET)
            .with_max_level_hint(LevelFilter::INFO);
        let spans = Registry::default().with(bridge).with(ours);
        Self {
            sampler,
            backlog,
            spans: Dispatch::new(spans),
            provider,
        }
    }

    /// Where the spans go.
    pub fn provider(&self) -> &SdkTracerProvider {
        &self.provider
    }

    /// A span of this identity and description in this context, which is its parent's.
    pub(super) fn span(&self, own: &SpanContext, parent: Context, described: SpanBuilder) -> Span {
        let _parent = parent.attach();
        DESCRIBED.set(Some(described));
        let span =
            dispatcher::with_default(&self.spans, || tracing::info_span!(target: TARGET, "span"));
        // It starts where its context is asked for, which is here.
        IDS.set(Some((own.trace_id(), own.span_id())));
        let context = span.context();
        IDS.set(None);
        Span::recorded(span, context)
    }
}

thread_local! {
    /// What is said of the span that is being made.
    static DESCRIBED: Cell<Option<SpanBuilder>> = const { Cell::new(None) };
    /// What it is called: it was sampled by that.
    static IDS: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Makes spans as they are described. As fields of `tracing`, name and attributes would be copied one by one.
#[derive(Debug)]
struct Described(SdkTracer);

impl opentelemetry::trace::Tracer for Described {
    type Span = opentelemetry_sdk::trace::Span;

    fn span_builder<T: Into<Cow<'static, str>>>(&self, name: T) -> SpanBuilder {
        let described = DESCRIBED.take();
        described.unwrap_or_else(|| SpanBuilder::from_name(name))
    }

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> Self::Span {
        self.0.build_with_context(builder, parent)
    }
}

/// Gives a span the ids by which it was sampled.
#[derive(Debug, Default)]
struct GivenIds(RandomIdGenerator);

impl IdGenerator for GivenIds {
    fn new_trace_id(&self) -> TraceId {
        let given = IDS.get().map(|(trace, _)| trace);
        given.unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        let given = IDS.get().map(|(_, span)| span);
        given.unwrap_or_else(|| self.0.new_span_id())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::KeyValue;
    use opentelemetry::trace::{SpanKind, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

    use super::*;
    use crate::trace::{Parent, Tracer};

    struct Recording {
        tracer: Tracer,
        exporter: InMemorySpanExporter,
    }

    impl Recording {
        fn new() -> Self {
            let exporter = InMemorySpanExporter::default();
            let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
            let recorder = Recorder::new(provider, Sampler::AlwaysOn, Backlog::default());
            let tracer = Tracer::Recorded(recorder);
            Self { tracer, exporter }
        }

        fn start(&self, name: &'static str, parent: Parent) -> Span {
            let attributes = vec![KeyValue::new("number", 7)];
            let describe = || (name.into(), attributes);
            self.tracer.start(SpanKind::Producer, parent, describe)
        }

        fn ended(&self) -> Vec<SpanData> {
            self.exporter.get_finished_spans().unwrap()
        }
    }

    #[test]
    fn a_span_ends_as_its_last_clone_is_dropped_and_not_as_it_is_left() {
        let process = Recording::new();
        let span = process.start("one", Parent::Remote(Context::new()));
        let kept = span.in_scope(Span::current);
        drop(span);
        assert!(process.ended().is_empty());
        let later = SystemTime::now();
        drop(kept);
        assert!(process.ended()[0].end_time >= later);
    }

    #[test]
    fn a_span_is_exported_as_it_is_described_under_the_one_it_is_started_in() {
        let process = Recording::new();
        let (trace, span) = (TraceId::from(1), SpanId::from(2));
        let other = SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE);
        let outer = process.start("outer", Parent::Linked(other.clone()));
        outer.in_scope(|| {
            let inner = process.start("inner", Parent::Current);
            inner.in_scope(|| Span::current().set_attribute("said", "within"));
            assert_eq!(Span::current().identity(), outer.identity());
            assert!(Span::current().is_recorded());
        });
        assert!(!Span::current().is_recorded());
        let own = outer.identity().unwrap();
        drop(outer);

        let [inner, outer] = &process.ended()[..] else {
            panic!("{:?}", process.ended());
        };
        assert_eq!((&*outer.name, &*inner.name), ("outer", "inner"));
        assert_eq!(outer.span_context, own);
        assert_eq!(outer.parent_span_id, SpanId::INVALID);
        assert_eq!(outer.links.links[0].span_context, other);
        assert_eq!(inner.parent_span_id, own.span_id());
        assert_eq!(inner.span_context.trace_id(), own.trace_id());
        assert_eq!(inner.span_kind, SpanKind::Producer);
        let number = KeyValue::new("number", 7);
        assert_eq!(outer.attributes, std::slice::from_ref(&number));
        assert_eq!(inner.attributes, [number, KeyValue::new("said", "within")]);
    }
}

//! Which spans a process makes. What nobody records is an identity and nothing more.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::OnceLock;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample,
};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::span::Span;
use super::{Backlog, Parent, TARGET};

/// Decides which spans are made.
#[derive(Clone, Debug, Default)]
pub enum Tracer {
    /// None. Contexts pass through unchanged, as the specification wants of a disabled SDK.
    #[default]
    Disabled,
    /// Nobody takes them: they have ids, for logs and for those who are called.
    Unrecorded(Sampler),
    /// Those that the sampler takes, and that find a place, are spans of `tracing`, for the layer that
    /// records them.
    Recorded(Sampler, Backlog),
}

static TRACER: OnceLock<Tracer> = OnceLock::new();

impl Tracer {
    /// Makes it that of the whole process. Whether it is: there may be one before it.
    pub fn install(self) -> bool {
        TRACER.set(self).is_ok()
    }

    pub(super) fn installed() -> &'static Self {
        TRACER.get().unwrap_or(&Self::Disabled)
    }

    /// Starts a span. What describes it is asked for only where it is recorded.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a kind is a word, not a value to keep"
    )]
    pub(crate) fn start(
        &self,
        kind: SpanKind,
        parent: Parent,
        describe: impl FnOnce() -> (Cow<'static, str>, Vec<KeyValue>),
    ) -> Span {
        let context = match &parent {
            Parent::Current => Context::current(),
            Parent::Remote(context) => context.clone(),
            Parent::Linked(_) => Context::new(),
        };
        let (sampler, backlog) = match self {
            Self::Disabled => return Span::of(context),
            Self::Unrecorded(sampler) => (sampler, None),
            Self::Recorded(sampler, backlog) => (sampler, Some(backlog)),
        };
        let own = identify(&kind, &context, sampler);
        // Without a place it would be dropped as it ends. Those who are called may well have one.
        if !own.is_sampled() || !backlog.is_some_and(Backlog::admits) {
            return Span::of(context.with_remote_span_context(own));
        }
        let (name, attributes) = describe();
        let span = record(&kind, &name, parent);
        // Its ids are given to it as it starts, which is here. All attributes at once: `tracing` would
        // look the span up again for each.
        GIVEN.set(Some((own.trace_id(), own.span_id())));
        let started = span.context();
        GIVEN.set(None);
        started.span().set_attributes(attributes);
        Span::recorded(span, started)
    }
}

/// A span of `tracing`, for the bridge that hands it to the SDK.
fn record(kind: &SpanKind, name: &str, parent: Parent) -> tracing::Span {
    let kind = match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    };
    let root = || tracing::info_span!(target: TARGET, parent: None, "span", otel.name = name, otel.kind = kind);
    match parent {
        Parent::Current => {
            tracing::info_span!(target: TARGET, "span", otel.name = name, otel.kind = kind)
        }
        Parent::Remote(context) => {
            let span = root();
            // Fails only without the exporter's layer, where there is no trace to join.
            if let Err(error) = span.set_parent(context) {
                tracing::trace!(%error, "no trace to join");
            }
            span
        }
        Parent::Linked(other) => {
            let span = root();
            span.add_link(other);
            span
        }
    }
}

/// What a span under this parent is called, and whether it is sampled.
fn identify(kind: &SpanKind, parent: &Context, sampler: &Sampler) -> SpanContext {
    let random = RandomIdGenerator::default();
    let known = parent.span();
    let known = known.span_context();
    let trace_id = if known.is_valid() {
        known.trace_id()
    } else {
        random.new_trace_id()
    };
    let sampled = sampler.should_sample(Some(parent), trace_id, "", kind, &[], &[]);
    let flags = match sampled.decision {
        SamplingDecision::RecordAndSample => known.trace_flags().with_sampled(true),
        SamplingDecision::RecordOnly | SamplingDecision::Drop => TraceFlags::default(),
    };
    SpanContext::new(
        trace_id,
        random.new_span_id(),
        flags,
        false,
        sampled.trace_state,
    )
}

thread_local! {
    /// What the span that is being made is called: it was sampled by that.
    static GIVEN: Cell<Option<(TraceId, SpanId)>> = const { Cell::new(None) };
}

/// Gives a span the ids by which it was sampled.
#[derive(Debug, Default)]
pub(crate) struct GivenIds(RandomIdGenerator);

impl IdGenerator for GivenIds {
    fn new_trace_id(&self) -> TraceId {
        GIVEN
            .get()
            .map_or_else(|| self.0.new_trace_id(), |(trace, _)| trace)
    }

    fn new_span_id(&self) -> SpanId {
        GIVEN
            .get()
            .map_or_else(|| self.0.new_span_id(), |(_, span)| span)
    }
}

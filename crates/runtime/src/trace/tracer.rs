//! Which spans a process makes. What nobody records is an identity and nothing more.

use std::borrow::Cow;
use std::sync::OnceLock;

use opentelemetry::trace::{Link, SpanBuilder, SpanContext, SpanKind, TraceContextExt, TraceFlags};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample,
};

use super::span::Span;
use super::{Parent, Recorder};

/// Decides which spans are made.
#[derive(Clone, Debug, Default)]
pub enum Tracer {
    /// None. Contexts pass through unchanged, as the specification wants of a disabled SDK.
    #[default]
    Disabled,
    /// Nobody takes them: they have ids, for logs and for those who are called.
    Unrecorded(Sampler),
    /// Those that the sampler takes, and that find a place, are recorded.
    Recorded(Recorder),
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
    pub(crate) fn start(
        &self,
        kind: SpanKind,
        parent: Parent,
        describe: impl FnOnce() -> (Cow<'static, str>, Vec<KeyValue>),
    ) -> Span {
        let (context, link) = match parent {
            Parent::Current => (Context::current(), None),
            Parent::Remote(context) => (context, None),
            Parent::Linked(other) => (Context::new(), Some(other).filter(SpanContext::is_valid)),
        };
        let (sampler, recorder) = match self {
            Self::Disabled => return Span::of(context),
            Self::Unrecorded(sampler) => (sampler, None),
            Self::Recorded(recorder) => (&recorder.sampler, Some(recorder)),
        };
        let own = identify(&kind, &context, sampler);
        let recorder = recorder.filter(|_| own.is_sampled());
        match recorder.filter(|recorder| recorder.backlog.admits()) {
            Some(recorder) => {
                let (name, attributes) = describe();
                let described = SpanBuilder {
                    span_kind: Some(kind),
                    name,
                    attributes: Some(attributes),
                    links: link.map(|link| vec![Link::with_context(link)]),
                    ..SpanBuilder::default()
                };
                recorder.span(&own, context, described)
            }
            // Without a place it would be dropped as it ends. Those who are called may well have one.
            None => Span::of(context.with_remote_span_context(own)),
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

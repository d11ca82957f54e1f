//! Spans of this test process, by trace.
//!
//! One exporter serves the whole process, for the tracer is global; tests tell their spans
//! apart by the trace they began.

use std::sync::OnceLock;

use opentelemetry::Value;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};

use super::eventually;
use runtime::trace::{Backlog, Formats, Recorder, Tracer};

/// The spans that this process has ended so far.
#[derive(Clone, Debug)]
pub struct Spans(InMemorySpanExporter);

/// A trace begun by a test, to send along as `traceparent`.
#[derive(Clone, Copy, Debug)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: TraceId,
    /// The test's own span in it.
    pub span_id: SpanId,
}

impl TraceParent {
    /// A new trace.
    pub fn random() -> Self {
        let (trace, span): (u128, u64) = (rand::random(), rand::random());
        let (trace_id, span_id) = (TraceId::from(trace | 1), SpanId::from(span | 1));
        Self { trace_id, span_id }
    }

    /// The header's value, sampled.
    pub fn header(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }

    /// The same as a context, sampled.
    pub fn context(&self) -> SpanContext {
        let flags = TraceFlags::SAMPLED;
        SpanContext::new(self.trace_id, self.span_id, flags, true, TraceState::NONE)
    }
}

/// What tests ask of a span.
#[derive(Clone, Debug)]
pub struct CapturedSpan {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// Itself.
    pub span_id: SpanId,
    /// Its parent; [`SpanId::INVALID`] where it has none.
    pub parent: SpanId,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its status.
    pub status: Status,
    /// The spans that it refers to without being their child.
    pub links: Vec<SpanContext>,
    attributes: Vec<(String, Value)>,
}

impl CapturedSpan {
    /// An attribute, by its name, with its type.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }
}

impl Spans {
    /// Captures the spans of this process from now on.
    ///
    /// # Panics
    /// If the process has a tracer of another kind already.
    pub fn capture() -> Self {
        static SPANS: OnceLock<Spans> = OnceLock::new();
        let spans = SPANS.get_or_init(|| {
            let exporter = InMemorySpanExporter::default();
            let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
            Formats::TRACE_CONTEXT.install();
            let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
            let recorder = Recorder::new(provider, sampler, Backlog::default());
            assert!(Tracer::Recorded(recorder).install(), "no other tracer");
            Spans(exporter)
        });
        spans.clone()
    }

    /// The spans of a trace, once there are this many; in the order in which they ended.
    pub async fn of_trace(&self, trace_id: TraceId, count: usize) -> Vec<CapturedSpan> {
        let what = format!("{count} spans in trace {trace_id}");
        eventually(&what, async || {
            let spans = self.ended(trace_id);
            (spans.len() >= count).then_some(spans)
        })
        .await
    }

    /// The trace that holds a client's span for this URL, once it has this many spans; from its
    /// root down. Each span must have one child at most.
    pub async fn chain(&self, url: &str, count: usize) -> Vec<CapturedSpan> {
        self.chain_with("url.full", url.to_owned(), count).await
    }

    /// The same of a trace that holds a span with this attribute.
    pub async fn chain_with(
        &self,
        attribute: &str,
        value: impl Into<Value>,
        count: usize,
    ) -> Vec<CapturedSpan> {
        let value = value.into();
        let what = format!("a trace of {count} spans with {attribute}={value}");
        eventually(&what, async || {
            let all = self.all();
            let has_it = |span: &&CapturedSpan| span.attribute(attribute).as_ref() == Some(&value);
            let trace_id = all.iter().find(has_it)?.trace_id;
            let of_parent = |parent| {
                all.iter()
                    .find(|span| span.trace_id == trace_id && span.parent == parent)
                    .cloned()
            };
            let mut chain = Vec::new();
            let mut parent = SpanId::INVALID;
            while let Some(span) = of_parent(parent) {
                parent = span.span_id;
                chain.push(span);
            }
            (chain.len() >= count).then_some(chain)
        })
        .await
    }

    /// The spans of a trace that have ended so far.
    pub fn ended(&self, trace_id: TraceId) -> Vec<CapturedSpan> {
        self.all()
            .into_iter()
            .filter(|span| span.trace_id == trace_id)
            .collect()
    }

    /// The spans with this attribute that have ended so far.
    pub fn with(&self, attribute: &str, value: impl Into<Value>) -> Vec<CapturedSpan> {
        let value = Some(value.into());
        self.all()
            .into_iter()
            .filter(|span| span.attribute(attribute) == value)
            .collect()
    }

    fn all(&self) -> Vec<CapturedSpan> {
        let all = self.0.get_finished_spans().unwrap_or_default().into_iter();
        let captured = all.map(|span| CapturedSpan {
            name: span.name.into_owned(),
            kind: span.span_kind,
            span_id: span.span_context.span_id(),
            parent: span.parent_span_id,
            trace_id: span.span_context.trace_id(),
            status: span.status,
            links: span
                .links
                .iter()
                .map(|link| link.span_context.clone())
                .collect(),
            attributes: span
                .attributes
                .into_iter()
                .map(|attribute| (attribute.key.to_string(), attribute.value))
                .collect(),
        });
        captured.collect()
    }
}

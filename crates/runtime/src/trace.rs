//! Spans by OpenTelemetry's semantic conventions, made in one way for every protocol.
//!
//! A span is a kind, a name and typed attributes. One that is recorded is a `tracing` span, which only the
//! exporter's subscriber sees; one that nobody records is an identity alone, and costs next to nothing. Services may start their own with [`start`]; HTTP
//! servers and clients have theirs already. Work is done under a span by [`Instrument`] or
//! [`Span::in_scope`]; what it starts or logs meanwhile belongs to it.

mod backlog;
mod formats;
mod recorder;
pub mod semconv;
mod span;
mod tracer;
mod trust;

use std::borrow::Cow;

pub use backlog::Backlog;
pub use formats::Formats;
pub use opentelemetry::trace::SpanKind;
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
pub use recorder::Recorder;
pub use span::{Entered, Instrument, Instrumented, Span};
pub use tracer::Tracer;
pub use trust::Trust;

/// The target of what is recorded.
pub(crate) const TARGET: &str = "malha::trace";

/// What a span hangs under.
#[derive(Clone, Debug)]
pub enum Parent {
    /// The current span, or none: then the span begins a trace.
    Current,
    /// A span of another process, as its message told.
    Remote(Context),
    /// None; the span begins a trace and refers to this one.
    Linked(SpanContext),
}

/// Starts a span. It ends when its last clone is dropped.
///
/// Attributes must have few values; the name even fewer.
pub fn start(
    kind: SpanKind,
    name: impl Into<Cow<'static, str>>,
    parent: Parent,
    attributes: impl IntoIterator<Item = KeyValue>,
) -> Span {
    start_with(kind, parent, || {
        (name.into(), attributes.into_iter().collect())
    })
}

/// The same with a name and attributes that are made only where the span is recorded.
pub fn start_with(
    kind: SpanKind,
    parent: Parent,
    describe: impl FnOnce() -> (Cow<'static, str>, Vec<KeyValue>),
) -> Span {
    Tracer::installed().start(kind, parent, describe)
}

/// Marks a span as failed. `kind` is one of few names, as conventions want of `error.type`.
pub fn fail(span: &Span, kind: &'static str, description: impl Into<Cow<'static, str>>) {
    span.set_attribute(semconv::ERROR_TYPE, kind);
    span.set_status(Status::error(description));
}

/// The context that HTTP (or gRPC) headers carry.
pub fn extract(headers: &http::HeaderMap) -> Context {
    Formats::installed().read(headers)
}

/// Writes the context of a span into HTTP (or gRPC) headers.
pub fn inject(span: &Span, headers: &mut http::HeaderMap) {
    if let Some(context) = span.context_ref() {
        Formats::installed().write(context, headers);
    }
}

/// Whether `OTEL_PROPAGATORS` lets a trace's context pass between processes, by whatever carrier.
pub fn is_propagated() -> bool {
    Formats::installed().trace_context
}

/// The identity of the current span, if a trace is under way.
pub fn current() -> Option<SpanContext> {
    Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        context.is_valid().then(|| context.clone())
    })
}

/// The current span as a W3C `traceparent`, for messages that outlive the call that makes them.
pub fn traceparent() -> Option<String> {
    let text = formats::traceparent(&current()?);
    Some(text.map(char::from).iter().collect())
}

/// The trace of the current span, where it is sampled, so that it can be looked up.
pub(crate) fn sampled_trace_id() -> Option<TraceId> {
    Context::map_current(|context| {
        let span = context.span();
        let context = span.span_context();
        context.is_sampled().then(|| context.trace_id())
    })
}

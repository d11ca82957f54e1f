//! Spans by OpenTelemetry's semantic conventions, made in one way for every protocol.
//!
//! A span is a `tracing` span of this module's target, so that the exporter takes these and
//! nothing else, and a kind, a name and typed attributes. Services may start their own with
//! [`start`]; HTTP servers and clients have theirs already.

pub mod semconv;
mod trust;

use std::borrow::Cow;

pub use opentelemetry::trace::SpanKind;
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceFlags, TraceId};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
pub use trust::Trust;

/// The target that the span exporter listens to.
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
#[expect(
    clippy::needless_pass_by_value,
    reason = "a kind is a word, not a value to keep"
)]
pub fn start(
    kind: SpanKind,
    name: impl AsRef<str>,
    parent: Parent,
    attributes: impl IntoIterator<Item = KeyValue>,
) -> Span {
    let kind = match kind {
        SpanKind::Client => "client",
        SpanKind::Server => "server",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    };
    let name = name.as_ref();
    let span = match &parent {
        Parent::Current => {
            tracing::info_span!(target: TARGET, "span", otel.name = name, otel.kind = kind)
        }
        Parent::Remote(_) | Parent::Linked(_) => {
            tracing::info_span!(target: TARGET, parent: None, "span", otel.name = name, otel.kind = kind)
        }
    };
    match parent {
        Parent::Current => {}
        Parent::Remote(context) => {
            // Fails only without the exporter's layer, where there is no trace to join.
            if let Err(error) = span.set_parent(context) {
                tracing::trace!(%error, "no trace to join");
            }
        }
        Parent::Linked(context) => span.add_link(context),
    }
    // All at once: `tracing` would look the span up again for each.
    span.context().span().set_attributes(attributes);
    span
}

/// Marks a span as failed. `kind` is one of few names, as conventions want of `error.type`.
pub fn fail(span: &Span, kind: &'static str, description: impl Into<Cow<'static, str>>) {
    span.set_attribute(semconv::ERROR_TYPE, kind);
    span.set_status(Status::error(description));
}

/// The context that HTTP (or gRPC) headers carry.
pub fn extract(headers: &http::HeaderMap) -> Context {
    // From an empty context: what this process does at the moment is no parent of the message.
    let empty = Context::new();
    global::get_text_map_propagator(|format| {
        format.extract_with_context(&empty, &HeaderExtractor(headers))
    })
}

/// Writes the context of a span into HTTP (or gRPC) headers.
pub fn inject(span: &Span, headers: &mut http::HeaderMap) {
    let context = span.context();
    global::get_text_map_propagator(|format| {
        format.inject_context(&context, &mut HeaderInjector(headers));
    });
}

/// Whether `OTEL_PROPAGATORS` lets a trace's context pass between processes, by whatever carrier.
pub fn is_propagated() -> bool {
    global::get_text_map_propagator(|format| format.fields().any(|field| field == "traceparent"))
}

/// The identity of the current span, if a trace is under way.
pub fn current() -> Option<SpanContext> {
    let context = Context::current().span().span_context().clone();
    context.is_valid().then_some(context)
}

/// The current span as a W3C `traceparent`, for messages that outlive the call that makes them.
pub fn traceparent() -> Option<String> {
    let context = current()?;
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    let (trace, span) = (context.trace_id(), context.span_id());
    Some(format!("00-{trace}-{span}-{flags:02x}"))
}

/// The trace of the current span, where it is sampled, so that it can be looked up.
pub(crate) fn sampled_trace_id() -> Option<TraceId> {
    let context = current()?;
    context.is_sampled().then(|| context.trace_id())
}

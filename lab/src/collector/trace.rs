//! A trace as it is kept.

use std::sync::Arc;

use opentelemetry::trace::TraceId;

use super::span::Span;

/// One trace as far as it has arrived.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Its spans, in the order they came.
    pub spans: Vec<Arc<Span>>,
    /// How many more came than are kept of one trace.
    pub dropped: usize,
}

impl Trace {
    /// Whether a span came before.
    pub(super) fn has(&self, span: &Span) -> bool {
        self.spans
            .iter()
            .any(|kept| kept.span_id == span.span_id && **kept == *span)
    }
}

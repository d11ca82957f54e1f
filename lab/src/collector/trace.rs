//! A trace as it is kept.

use std::sync::Arc;

use opentelemetry::trace::TraceId;

use super::rounds;
use super::span::{Span, Status};

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
    /// Whether it is a round that a service of the lab makes by itself, and went well so far.
    pub fn is_round(&self) -> bool {
        self.spans.iter().any(|span| rounds::begins_one(span)) && !self.failed()
    }

    /// Whether any of it failed.
    pub fn failed(&self) -> bool {
        let mut spans = self.spans.iter();
        spans.any(|span| span.status == Status::Error)
    }

    /// Whether a span came before.
    pub(super) fn has(&self, span: &Span) -> bool {
        self.spans
            .iter()
            .any(|kept| kept.span_id == span.span_id && **kept == *span)
    }
}

//! Which traces a question means.

use super::json_value::shows;
use super::span::{Attributes, Span};
use super::trace::Trace;

/// A question: traces with a span that meets every condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The service of the span; none for any.
    pub service: Option<String>,
    /// The name of the span.
    pub operation: Option<String>,
    /// Tags that the span, its process or one of its events has.
    pub tags: Vec<(String, String)>,
    /// The earliest start, in nanoseconds since 1970.
    pub start: u64,
    /// The latest start, in nanoseconds since 1970.
    pub end: u64,
    /// The shortest duration, in nanoseconds.
    pub min_duration: u64,
    /// The longest duration, in nanoseconds.
    pub max_duration: u64,
    /// How many traces at most.
    pub limit: usize,
}

impl Search {
    /// Every trace of a service, up to 100.
    pub fn of(service: impl Into<String>) -> Self {
        Self {
            service: Some(service.into()),
            ..Self::all()
        }
    }

    /// Every trace, up to 100.
    pub fn all() -> Self {
        Self {
            service: None,
            operation: None,
            tags: Vec::new(),
            start: 0,
            end: u64::MAX,
            min_duration: 0,
            max_duration: u64::MAX,
            limit: 100,
        }
    }

    /// Whether a trace has a span that meets every condition.
    pub fn means(&self, trace: &Trace) -> bool {
        trace.spans.iter().any(|span| self.meets(span))
    }

    fn meets(&self, span: &Span) -> bool {
        self.service
            .as_ref()
            .is_none_or(|name| *name == span.resource.service)
            && self
                .operation
                .as_ref()
                .is_none_or(|name| *name == span.name)
            && (self.start..=self.end).contains(&span.start)
            && (self.min_duration..=self.max_duration).contains(&span.duration())
            && self
                .tags
                .iter()
                .all(|(key, wanted)| has_tag(span, key, wanted))
    }
}

/// Whether a span has a tag, as its JSON would show it: what the status and kind say counts too.
pub(crate) fn has_tag(span: &Span, key: &str, wanted: &str) -> bool {
    let holds = |attributes: &Attributes| {
        attributes
            .iter()
            .any(|(name, value)| name == key && shows(value, wanted))
    };
    holds(&span.derived())
        || holds(&span.attributes)
        || holds(&span.resource.attributes)
        || (key == "service.name" && wanted == span.resource.service)
        || span
            .events
            .iter()
            .any(|event| holds(&event.attributes) || (key == "event" && wanted == event.name))
}

#[cfg(test)]
mod tests;

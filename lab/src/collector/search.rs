//! Which traces a question means.

use super::span::{Attributes, Kind, Span, Status, Value};
use super::trace::Trace;

/// A question: traces with a span that meets every condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The service of the span.
    pub service: String,
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
            service: service.into(),
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
        span.resource.service == self.service
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
fn has_tag(span: &Span, key: &str, wanted: &str) -> bool {
    let derived = match key {
        "error" => span.status == Status::Error && wanted == "true",
        "otel.status_code" => match span.status {
            Status::Error => wanted == "ERROR",
            Status::Ok => wanted == "OK",
            Status::Unset => false,
        },
        "span.kind" => span.kind != Kind::Unspecified && wanted == span.kind.name(),
        "otel.scope.name" => !span.scope.name.is_empty() && wanted == span.scope.name,
        _ => false,
    };
    let holds = |attributes: &Attributes| {
        attributes
            .iter()
            .any(|(name, value)| name == key && shown(value) == wanted)
    };
    derived
        || holds(&span.attributes)
        || holds(&span.resource.attributes)
        || span.events.iter().any(|event| holds(&event.attributes))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Double(double) => double.to_string(),
        Value::Empty | Value::Bytes(_) | Value::List(_) | Value::Map(_) => String::new(),
    }
}

#[cfg(test)]
mod tests;

//! The JSON of a trace.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use opentelemetry::trace::SpanId;
use serde::Serialize;

use super::tags::{Tag, span_tags, tags};
use crate::collector::span::{Event, Resource, Span};
use crate::collector::trace::Trace;

/// A trace: its spans, and the processes they came from.
#[derive(Debug, Serialize)]
pub struct TraceJson {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<SpanJson>,
    processes: BTreeMap<String, ProcessJson>,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    references: Vec<ReferenceJson>,
    start_time: u64,
    duration: u64,
    tags: Vec<Tag>,
    logs: Vec<LogJson>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReferenceJson {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Serialize)]
struct LogJson {
    timestamp: u64,
    fields: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessJson {
    service_name: String,
    tags: Vec<Tag>,
}

impl From<Trace> for TraceJson {
    fn from(mut trace: Trace) -> Self {
        trace
            .spans
            .sort_by_key(|span| (span.start, span.span_id.to_bytes()));
        let known: HashSet<SpanId> = trace.spans.iter().map(|span| span.span_id).collect();
        let mut processes: Vec<Arc<Resource>> = Vec::new();
        let spans = trace.spans.iter().map(|span| {
            let seen = processes
                .iter()
                .position(|process| *process == span.resource);
            let index = seen.unwrap_or_else(|| {
                processes.push(Arc::clone(&span.resource));
                processes.len() - 1
            });
            span_json(span, process_id(index), &known)
        });
        let spans = spans.collect();
        let processes = processes.iter().enumerate();
        Self {
            trace_id: trace.id.to_string(),
            spans,
            processes: processes
                .map(|(i, process)| (process_id(i), process_json(process)))
                .collect(),
            warnings: (trace.dropped > 0).then(|| vec![dropped_warning(trace.dropped)]),
        }
    }
}

fn process_id(index: usize) -> String {
    format!("p{}", index + 1)
}

fn process_json(process: &Resource) -> ProcessJson {
    ProcessJson {
        service_name: process.service.clone(),
        tags: tags(&process.attributes),
    }
}

fn dropped_warning(dropped: usize) -> String {
    format!("{dropped} more spans came than are kept of one trace: raise LAB_MAX_SPANS_PER_TRACE")
}

fn span_json(span: &Span, process_id: String, known: &HashSet<SpanId>) -> SpanJson {
    let warnings = warnings(span, known);
    SpanJson {
        trace_id: span.trace_id.to_string(),
        span_id: span.span_id.to_string(),
        operation_name: span.name.clone(),
        references: references(span),
        start_time: micros(span.start),
        duration: micros(span.duration()),
        tags: span_tags(span),
        logs: span.events.iter().map(log_json).collect(),
        process_id,
        warnings: (!warnings.is_empty()).then_some(warnings),
    }
}

/// The parent, then the links. A parent that is linked to as well is only a link, as in Jaeger.
fn references(span: &Span) -> Vec<ReferenceJson> {
    let parent = span.parent.filter(|parent| {
        let same = |link: &_| *link == (span.trace_id, *parent);
        !span
            .links
            .iter()
            .map(|link| (link.trace_id, link.span_id))
            .any(|link| same(&link))
    });
    let parent = parent.map(|parent| ("CHILD_OF", span.trace_id, parent));
    let links = span
        .links
        .iter()
        .map(|link| ("FOLLOWS_FROM", link.trace_id, link.span_id));
    let references = parent.into_iter().chain(links);
    let json = |(ref_type, trace_id, span_id): (_, _, SpanId)| ReferenceJson {
        ref_type,
        trace_id: format!("{trace_id}"),
        span_id: span_id.to_string(),
    };
    references.map(json).collect()
}

fn log_json(event: &Event) -> LogJson {
    let named = event.name.is_empty() || event.attributes.iter().any(|(key, _)| key == "event");
    let mut fields = tags(&event.attributes);
    if !named {
        fields.insert(0, Tag::text("event", &event.name));
    }
    LogJson {
        timestamp: micros(event.time),
        fields,
    }
}

pub(super) fn warnings(span: &Span, known: &HashSet<SpanId>) -> Vec<String> {
    let mut warnings = Vec::new();
    if span.end < span.start {
        warnings.push("Negative duration detected, shown as 0".to_owned());
    }
    if let Some(parent) = span.parent.filter(|parent| !known.contains(parent)) {
        let skipped = "skipping clock skew adjustment";
        warnings.push(format!("invalid parent span IDs={parent}; {skipped}"));
    }
    warnings
}

fn micros(nanos: u64) -> u64 {
    nanos / 1000
}

#[cfg(test)]
mod tests;

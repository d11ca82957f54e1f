//! What a trace is, without its spans: the rows of Jaeger's search page.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::collector::span::{Span, Status};
use crate::collector::trace::Trace;

/// A trace in one row. Times are text: they are beyond the numbers of JavaScript.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct Summary {
    pub trace_id: String,
    /// Empty where no span without a parent has come, as is the next.
    pub root_service_name: String,
    pub root_operation_name: String,
    pub min_start_time_unix_nano: String,
    pub max_end_time_unix_nano: String,
    pub span_count: usize,
    pub error_span_count: usize,
    /// Spans whose parent has not come.
    pub orphan_span_count: usize,
    /// By name.
    pub services: Vec<ServiceSummary>,
}

/// The part of a service in a trace.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names say it")]
pub struct ServiceSummary {
    pub name: String,
    pub span_count: usize,
    pub error_span_count: usize,
}

impl Summary {
    /// The row of a trace.
    pub fn of(trace: &Trace) -> Self {
        let spans = &trace.spans;
        let known: HashSet<_> = spans.iter().map(|span| span.span_id).collect();
        let mut services: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
        for span in spans {
            let service = services.entry(&span.resource.service).or_default();
            service.push(span);
        }
        let roots = spans.iter().filter(|span| span.parent.is_none());
        let root = roots.min_by_key(|span| span.start);
        let start = spans.iter().map(|span| span.start).min();
        let end = spans.iter().map(|span| span.end).max();
        let lost = |span: &Span| span.parent.is_some_and(|parent| !known.contains(&parent));
        Self {
            trace_id: trace.id.to_string(),
            root_service_name: root.map_or_else(String::new, |span| span.resource.service.clone()),
            root_operation_name: root.map_or_else(String::new, |span| span.name.clone()),
            min_start_time_unix_nano: start.unwrap_or_default().to_string(),
            max_end_time_unix_nano: end.unwrap_or_default().to_string(),
            span_count: spans.len(),
            error_span_count: errors(spans.iter().map(|span| &**span)),
            orphan_span_count: spans.iter().filter(|span| lost(span)).count(),
            services: services
                .into_iter()
                .map(|(name, spans)| ServiceSummary {
                    name: name.to_owned(),
                    span_count: spans.len(),
                    error_span_count: errors(spans.into_iter()),
                })
                .collect(),
        }
    }
}

fn errors<'a>(spans: impl Iterator<Item = &'a Span>) -> usize {
    spans.filter(|span| span.status == Status::Error).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::collector::fixture::{span, span_id, trace_id};

    fn summary(spans: Vec<Span>) -> serde_json::Value {
        let trace = Trace {
            id: trace_id(1),
            spans: spans.into_iter().map(Arc::new).collect(),
            dropped: 0,
        };
        json!(Summary::of(&trace))
    }

    #[test]
    fn every_field_is_there_and_counts_are_by_service_too() {
        let child = |service, id, parent| Span {
            parent: Some(span_id(parent)),
            ..span(service, 1, id)
        };
        let failed = Span {
            status: Status::Error,
            end: 2_000_000_000,
            ..child("servidor", 3, 1)
        };
        let later_root = Span {
            start: 1_000_000_001,
            ..span("outro", 1, 4)
        };
        let spans = vec![
            child("servidor", 2, 9),
            failed,
            later_root,
            span("cliente", 1, 1),
        ];
        let expected = json!({
            "traceId": trace_id(1).to_string(),
            "rootServiceName": "cliente",
            "rootOperationName": "work 1",
            "minStartTimeUnixNano": "1000000000",
            "maxEndTimeUnixNano": "2000000000",
            "spanCount": 4,
            "errorSpanCount": 1,
            "orphanSpanCount": 1,
            "services": [
                {"name": "cliente", "spanCount": 1, "errorSpanCount": 0},
                {"name": "outro", "spanCount": 1, "errorSpanCount": 0},
                {"name": "servidor", "spanCount": 2, "errorSpanCount": 1},
            ],
        });
        assert_eq!(summary(spans), expected);
    }

    #[test]
    fn without_a_root_it_has_no_name_yet() {
        let orphan = Span {
            parent: Some(span_id(9)),
            ..span("servidor", 1, 1)
        };
        let summary = summary(vec![orphan]);
        assert_eq!(summary["rootServiceName"], "");
        assert_eq!(summary["orphanSpanCount"], 1);
    }
}

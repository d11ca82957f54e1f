//! A trace in one line.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::collector::span::{Span, Status};
use crate::collector::trace::Trace;

/// What the list of traces shows of one.
#[derive(Debug, Serialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    id: String,
    /// Who began it, and with what.
    service: String,
    operation: String,
    /// In microseconds since 1970.
    start: u64,
    /// From the first start to the last end, in microseconds.
    duration: u64,
    spans: usize,
    services: BTreeSet<String>,
    failed: bool,
}

impl Summary {
    /// The line of a trace; none for one without spans.
    pub(super) fn of(trace: &Trace) -> Option<Self> {
        let spans = &trace.spans;
        let root = spans
            .iter()
            .min_by_key(|span| (span.parent.is_some(), span.start))?;
        let start = spans.iter().map(|span| span.start).min()?;
        let end = spans.iter().map(|span| span.end).max()?;
        let service = |span: &Span| span.resource.service.clone();
        Some(Self {
            id: trace.id.to_string(),
            service: service(root),
            operation: root.name.clone(),
            start: start / 1000,
            duration: end.saturating_sub(start) / 1000,
            spans: spans.len() + trace.dropped,
            services: spans.iter().map(|span| service(span)).collect(),
            failed: spans.iter().any(|span| span.status == Status::Error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collector::fixture::{span, span_id, trace_id};

    fn of(spans: Vec<Span>) -> Option<Summary> {
        let spans = spans.into_iter().map(Arc::new).collect();
        Summary::of(&Trace {
            id: trace_id(1),
            spans,
            dropped: 0,
        })
    }

    #[test]
    fn it_is_named_after_the_root_even_where_a_child_s_clock_is_ahead() {
        let root = span("client", 1, 1);
        let child = Span {
            parent: Some(span_id(1)),
            start: root.start - 5_000,
            status: Status::Error,
            ..span("server", 1, 2)
        };
        let summary = of(vec![child, root]).unwrap();
        assert_eq!(
            (summary.service.as_str(), summary.operation.as_str()),
            ("client", "work 1")
        );
        assert_eq!(
            (summary.duration, summary.spans, summary.failed),
            (1_005, 2, true)
        );
        assert_eq!(
            summary.services.into_iter().collect::<Vec<_>>(),
            ["client", "server"]
        );
    }

    #[test]
    fn a_trace_whose_root_has_not_come_is_named_after_its_first_span() {
        let later = Span {
            parent: Some(span_id(9)),
            ..span("a", 2, 1)
        };
        let first = Span {
            parent: Some(span_id(9)),
            ..span("b", 1, 2)
        };
        assert_eq!(of(vec![later, first]).unwrap().service, "b");
    }

    #[test]
    fn without_spans_there_is_nothing_to_show() {
        assert_eq!(of(Vec::new()), None);
    }
}

//! Who calls whom: the edges of Jaeger's system architecture.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use serde::Serialize;

use crate::collector::trace::Trace;

/// One edge.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// The service of the parent.
    pub parent: String,
    /// The service of the child, which may be the same.
    pub child: String,
    /// How many spans of the one have a parent of the other.
    pub call_count: usize,
}

/// The edges between spans that began within these nanoseconds and their parents.
pub fn dependencies(traces: &[Trace], began: &RangeInclusive<u64>) -> Vec<Dependency> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for trace in traces {
        let services: HashMap<_, _> = trace
            .spans
            .iter()
            .map(|span| (span.span_id, span.resource.service.as_str()))
            .collect();
        for span in trace
            .spans
            .iter()
            .filter(|span| began.contains(&span.start))
        {
            if let Some(parent) = span.parent.and_then(|id| services.get(&id)) {
                *counts.entry((parent, &span.resource.service)).or_default() += 1;
            }
        }
    }
    counts
        .into_iter()
        .map(|((parent, child), call_count)| Dependency {
            parent: parent.to_owned(),
            child: child.to_owned(),
            call_count,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collector::fixture::{span, span_id, trace_id};
    use crate::collector::span::Span;

    fn edges(began: &RangeInclusive<u64>) -> Vec<(String, String, usize)> {
        let child = |service, id, parent| Span {
            parent: Some(span_id(parent)),
            ..span(service, 1, id)
        };
        let spans = vec![
            span("client", 1, 1),
            child("server", 2, 1),
            child("server", 3, 2),
            child("server", 4, 1),
            child("lost", 5, 9),
        ];
        let trace = Trace {
            id: trace_id(1),
            spans: spans.into_iter().map(Arc::new).collect(),
            dropped: 0,
        };
        let edges = dependencies(&[trace], began).into_iter();
        edges
            .map(|edge| (edge.parent, edge.child, edge.call_count))
            .collect()
    }

    #[test]
    fn calls_are_counted_by_who_asks_whom_within_a_service_too() {
        let edge = |parent: &str, child: &str, count| (parent.to_owned(), child.to_owned(), count);
        let expected = [edge("client", "server", 2), edge("server", "server", 1)];
        assert_eq!(edges(&(0..=u64::MAX)), expected);
    }

    #[test]
    fn spans_of_another_time_do_not_count() {
        assert_eq!(edges(&(0..=5)), []);
    }
}

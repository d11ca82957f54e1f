//! Who asks whom, how often, how fast and how well: learnt from the latest traces.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::state::unless_known;
use crate::asked::{self, Asked};
use crate::clock::now;
use crate::collector::SharedStore;
use crate::collector::span::{Kind, Span, Status, Value};
use crate::collector::trace::Trace;

/// One edge of the graph.
#[derive(Debug, PartialEq, Serialize)]
struct Edge {
    from: String,
    to: String,
    /// How many requests began within the window.
    requests: usize,
    errors: usize,
    /// In microseconds.
    p50: u64,
    p99: u64,
    /// When the last one began, in microseconds since 1970, and its trace.
    last: u64,
    trace: String,
}

/// The name of whoever asks from outside, without a span of its own.
const STRANGER: &str = "?";

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Window {
    /// How far to look back, in seconds.
    #[serde(deserialize_with = "asked::number")]
    seconds: Option<u64>,
}

/// How far to look back unless something else is asked for, and at most, in seconds.
const USUAL: u64 = 60;
const MOST: u64 = 3_600;

pub(super) async fn mesh(
    State(store): State<SharedStore>,
    Asked(window): Asked<Window>,
    headers: HeaderMap,
) -> Response {
    let seconds = window.seconds.unwrap_or(USUAL).clamp(1, MOST);
    let since = now().saturating_sub(seconds * 1_000_000_000);
    let store = store.lock();
    let mut edges = Edges::default();
    for (_, trace) in store.before(u64::MAX) {
        edges.add(trace, since);
    }
    drop(store);
    let body = json!({ "seconds": seconds, "edges": edges.counted() });
    unless_known(&headers, body.to_string())
}

/// What was seen of each edge.
#[derive(Debug, Default)]
struct Edges(BTreeMap<(String, String), Seen>);

#[derive(Debug, Default)]
struct Seen {
    durations: Vec<u64>,
    errors: usize,
    last: u64,
    trace: String,
}

impl Edges {
    /// Counts the requests of a trace that began after a moment, in nanoseconds.
    fn add(&mut self, trace: &Trace, since: u64) {
        if trace.spans.iter().all(|span| span.start < since) {
            return;
        }
        let by_id: HashMap<_, _> = trace
            .spans
            .iter()
            .map(|span| (span.span_id, span))
            .collect();
        for span in trace.spans.iter().filter(|span| span.start >= since) {
            let parent = span.parent.and_then(|id| by_id.get(&id));
            let service = &span.resource.service;
            match span.kind {
                Kind::Server => {
                    // What the caller saw counts: its span has the way there and back in it.
                    let caller = parent.filter(|parent| parent.resource.service != *service);
                    let from = caller.map_or(STRANGER, |parent| &parent.resource.service);
                    self.count(from, service, caller.map_or(span, |caller| caller));
                }
                Kind::Consumer if parent.is_none() => self.count(STRANGER, service, span),
                Kind::Client => {
                    let store = store_of(span);
                    let answered = trace.spans.iter().any(|other| {
                        other.parent == Some(span.span_id) && other.kind == Kind::Server
                    });
                    if let Some(store) = store {
                        self.count(service, store, span);
                    } else if !answered && span.status == Status::Error {
                        // Nobody was there to say so.
                        let to = asked(span);
                        self.count(service, &to, span);
                    }
                }
                _ => {}
            }
        }
    }

    fn count(&mut self, from: &str, to: &str, span: &Span) {
        let seen = self.0.entry((from.to_owned(), to.to_owned())).or_default();
        seen.durations.push(span.duration() / 1000);
        seen.errors += usize::from(span.status == Status::Error);
        let start = span.start / 1000;
        if start >= seen.last {
            seen.last = start;
            seen.trace = span.trace_id.to_string();
        }
    }

    fn counted(self) -> Vec<Edge> {
        let edges = self.0.into_iter().map(|((from, to), mut seen)| {
            seen.durations.sort_unstable();
            Edge {
                from,
                to,
                requests: seen.durations.len(),
                errors: seen.errors,
                p50: quantile(&seen.durations, 50),
                p99: quantile(&seen.durations, 99),
                last: seen.last,
                trace: seen.trace,
            }
        });
        edges.collect()
    }
}

/// The store that a client's span asks, if it is one.
fn store_of(span: &Span) -> Option<&str> {
    text(span, "db.system.name").or_else(|| text(span, "db.system"))
}

/// Host and port that were asked.
fn asked(span: &Span) -> String {
    let port = span.attributes.iter().find(|(key, _)| key == "server.port");
    let host = text(span, "server.address").unwrap_or(STRANGER);
    match port {
        Some((_, Value::Int(port))) => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    span.attributes
        .iter()
        .find_map(|(name, value)| match value {
            Value::String(text) if name == key => Some(text.as_str()),
            _ => None,
        })
}

/// The smallest value that so many percent do not exceed.
pub(super) fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collector::fixture::{span, span_id, trace_id};

    fn edges(spans: Vec<Span>) -> Vec<Edge> {
        let mut edges = Edges::default();
        let trace = Trace {
            id: trace_id(1),
            spans: spans.into_iter().map(Arc::new).collect(),
            dropped: 0,
        };
        edges.add(&trace, 0);
        edges.counted()
    }

    fn ends(edges: &[Edge]) -> Vec<(&str, &str, usize, usize)> {
        let ends = edges.iter();
        ends.map(|edge| (&*edge.from, &*edge.to, edge.requests, edge.errors))
            .collect()
    }

    #[test]
    fn an_edge_is_as_long_as_its_caller_waited() {
        let client = Span {
            kind: Kind::Client,
            end: 1_009_000_000,
            ..span("client", 1, 1)
        };
        let server = Span {
            kind: Kind::Server,
            parent: Some(span_id(1)),
            ..span("server", 1, 2)
        };
        let edges = edges(vec![client, server]);
        assert_eq!(ends(&edges), [("client", "server", 1, 0)]);
        assert_eq!((edges[0].p50, edges[0].p99), (9_000, 9_000));
    }

    #[test]
    fn strangers_stores_and_those_who_are_not_there_are_seen_too() {
        let server = Span {
            kind: Kind::Server,
            ..span("server", 1, 1)
        };
        let attribute = |key: &str, value| (key.to_owned(), value);
        let command = Span {
            kind: Kind::Client,
            parent: Some(span_id(1)),
            attributes: vec![attribute("db.system.name", Value::String("redis".into()))],
            ..span("server", 1, 2)
        };
        let lost = Span {
            kind: Kind::Client,
            status: Status::Error,
            parent: Some(span_id(1)),
            attributes: vec![
                attribute("server.address", Value::String("localhost".into())),
                attribute("server.port", Value::Int(9)),
            ],
            ..span("server", 1, 3)
        };
        let edges = edges(vec![server, command, lost]);
        let expected = [
            ("?", "server", 1, 0),
            ("server", "localhost:9", 1, 1),
            ("server", "redis", 1, 0),
        ];
        assert_eq!(ends(&edges), expected);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((quantile(&hundred, 50), quantile(&hundred, 99)), (50, 99));
        assert_eq!((quantile(&[7], 99), quantile(&[], 99)), (7, 0));
    }
}

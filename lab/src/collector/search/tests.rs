use std::sync::Arc;

use super::*;
use crate::collector::fixture::{scope, span, trace_id};
use crate::collector::span::{Event, Resource};

fn means(search: &Search, span: Span) -> bool {
    search.means(&Trace {
        id: trace_id(1),
        spans: vec![Arc::new(span)],
        dropped: 0,
    })
}

fn tagged(key: &str, value: &str) -> Search {
    Search {
        tags: vec![(key.to_owned(), value.to_owned())],
        ..Search::of("s")
    }
}

#[test]
fn a_trace_is_meant_when_one_span_meets_every_condition() {
    let client = Span {
        name: "GET".to_owned(),
        ..span("client", 1, 1)
    };
    let server = Span {
        name: "GET /".to_owned(),
        ..span("server", 1, 2)
    };
    let spans = vec![Arc::new(client), Arc::new(server)];
    let trace = Trace {
        id: trace_id(1),
        spans,
        dropped: 0,
    };
    let named = |service, name: &str| {
        Search {
            operation: Some(name.to_owned()),
            ..Search::of(service)
        }
        .means(&trace)
    };
    assert!(named("client", "GET") && named("server", "GET /"));
    assert!(!named("client", "GET /"));
}

#[test]
fn the_start_lies_within_both_ends() {
    let at = span("s", 5, 1).start;
    let between = |start, end| {
        means(
            &Search {
                start,
                end,
                ..Search::of("s")
            },
            span("s", 5, 1),
        )
    };
    assert!(between(at, at));
    assert!(!between(at + 1, u64::MAX) && !between(0, at - 1));
}

#[test]
fn the_duration_lies_within_both_ends() {
    let lasts = |min_duration, max_duration| {
        means(
            &Search {
                min_duration,
                max_duration,
                ..Search::of("s")
            },
            span("s", 1, 1),
        )
    };
    assert!(lasts(1_000_000, 1_000_000));
    assert!(!lasts(1_000_001, u64::MAX) && !lasts(0, 999_999));
}

#[test]
fn tags_are_sought_in_the_span_its_process_and_its_events() {
    let pair = |key: &str, value| vec![(key.to_owned(), value)];
    let resource = Resource {
        service: "s".to_owned(),
        attributes: pair("service.version", Value::String("0.1.0".to_owned())),
    };
    let event = Event {
        time: 1,
        name: "retry".to_owned(),
        attributes: pair("n", Value::Int(3)),
    };
    let span = Span {
        attributes: pair("ok", Value::Bool(true)),
        events: vec![event],
        resource: Arc::new(resource),
        ..span("s", 1, 1)
    };
    for (key, value) in [("ok", "true"), ("service.version", "0.1.0"), ("n", "3")] {
        assert!(means(&tagged(key, value), span.clone()), "{key}={value}");
    }
    assert!(!means(&tagged("ok", "false"), span));
}

#[test]
fn tags_that_the_json_derives_are_found_too() {
    let failed = Span {
        status: Status::Error,
        kind: Kind::Server,
        scope: scope("runtime"),
        ..span("s", 1, 1)
    };
    let derived = [
        ("error", "true"),
        ("otel.status_code", "ERROR"),
        ("span.kind", "server"),
        ("otel.scope.name", "runtime"),
    ];
    for (key, value) in derived {
        assert!(means(&tagged(key, value), failed.clone()), "{key}={value}");
    }
    assert!(!means(&tagged("error", "true"), span("s", 1, 1)));
}

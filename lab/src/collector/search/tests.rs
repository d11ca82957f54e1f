use std::sync::Arc;

use super::*;
use crate::collector::fixture::{scope, span, trace_id};
use crate::collector::span::{Event, Kind, Resource, Status, Value};

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

#[test]
fn values_of_every_type_are_found_by_what_is_shown() {
    let list = vec![Value::Int(1), Value::String("a".to_owned())];
    let map = [("k".to_owned(), Value::Bool(true))];
    let big = i64::MAX;
    let cases = [
        (Value::Bytes(vec![0, 1, 2]), "AAEC".to_owned()),
        (Value::List(list), r#"[1,"a"]"#.to_owned()),
        (Value::Map(map.into()), r#"{"k":true}"#.to_owned()),
        (Value::Double(1e300), "1e+300".to_owned()),
        (Value::Double(2.0), "2".to_owned()),
        (Value::Double(f64::NAN), "NaN".to_owned()),
        (Value::Int(big), big.to_string()),
        (Value::Empty, String::new()),
    ];
    for (value, shown) in cases {
        let span = Span {
            attributes: vec![("k".to_owned(), value)],
            ..span("s", 1, 1)
        };
        assert!(means(&tagged("k", &shown), span.clone()), "{shown}");
        assert!(!means(&tagged("k", "something else"), span), "{shown}");
    }
}

#[test]
fn the_service_and_the_names_of_events_are_found_as_tags() {
    let event = Event {
        time: 1,
        name: "retry".to_owned(),
        attributes: Vec::new(),
    };
    let span = Span {
        events: vec![event],
        ..span("s", 1, 1)
    };
    assert!(means(&tagged("event", "retry"), span.clone()));
    assert!(means(&tagged("service.name", "s"), span.clone()));
    for (key, value) in [("event", "s"), ("service.name", "retry"), ("name", "s")] {
        assert!(!means(&tagged(key, value), span.clone()), "{key}={value}");
    }
}

use std::collections::BTreeMap;

use super::*;
use crate::collector::fixture::{scope, span, span_id, trace_id};

fn trace(spans: Vec<Span>) -> Trace {
    Trace {
        id: trace_id(1),
        spans: spans.into_iter().map(Arc::new).collect(),
        dropped: 0,
    }
}

/// The attributes of the only span of a trace.
fn shown(span: Span, raw: bool) -> Json {
    resource_spans(&trace(vec![span]), raw)[0]["scopeSpans"][0]["spans"][0]["attributes"].clone()
}

#[test]
fn a_span_has_the_names_and_the_numbers_of_otlp() {
    let full = Span {
        parent: Some(span_id(1)),
        trace_state: "a=b".to_owned(),
        flags: 0x101,
        status: Status::Error,
        description: "it broke".to_owned(),
        events: vec![Event {
            time: 5,
            name: "retry".to_owned(),
            attributes: vec![("n".to_owned(), Value::Int(2))],
        }],
        links: vec![Link {
            trace_id: trace_id(3),
            span_id: span_id(3),
        }],
        scope: scope("lib"),
        ..span("s", 1, 2)
    };
    let name = json!({"key": "service.name", "value": {"stringValue": "s"}});
    let expected = json!([{
        "resource": {"attributes": [name]},
        "scopeSpans": [{
            "scope": {"name": "lib"},
            "spans": [{
                "traceId": "01".repeat(16),
                "spanId": "02".repeat(8),
                "parentSpanId": "01".repeat(8),
                "traceState": "a=b",
                "flags": 0x101,
                "name": "work 2",
                "kind": 1,
                "startTimeUnixNano": "1000000000",
                "endTimeUnixNano": "1001000000",
                "events": [{
                    "timeUnixNano": "5",
                    "name": "retry",
                    "attributes": [{"key": "n", "value": {"intValue": "2"}}],
                }],
                "links": [{"traceId": "03".repeat(16), "spanId": "03".repeat(8)}],
                "status": {"message": "it broke", "code": 2},
            }],
        }],
    }]);
    assert_eq!(json!(resource_spans(&trace(vec![full]), true)), expected);
}

#[test]
fn what_has_its_default_is_left_out() {
    let numbers = [
        Kind::Unspecified,
        Kind::Internal,
        Kind::Server,
        Kind::Client,
        Kind::Producer,
        Kind::Consumer,
    ];
    let numbers = numbers.map(|kind| {
        let span = Span {
            kind,
            ..span("s", 1, 1)
        };
        span_json(&span, &HashSet::new(), true)["kind"].clone()
    });
    let expected = [Json::Null, 1.into(), 2.into(), 3.into(), 4.into(), 5.into()];
    assert_eq!(numbers, expected);
    let codes = [Status::Unset, Status::Ok].map(|status| {
        let span = Span {
            status,
            ..span("s", 1, 1)
        };
        let json = span_json(&span, &HashSet::new(), true);
        assert_eq!(json.get("flags"), None);
        json["status"].clone()
    });
    assert_eq!(codes, [json!({}), json!({"code": 1})]);
}

#[test]
fn every_kind_of_value_is_written_as_otlp_does() {
    let values = [
        ("a", Value::Empty, json!({})),
        ("b", Value::Bool(false), json!({"boolValue": false})),
        ("c", Value::Int(-7), json!({"intValue": "-7"})),
        ("d", Value::Double(2.0), json!({"doubleValue": 2})),
        ("e", Value::Double(f64::NAN), json!({"doubleValue": "NaN"})),
        (
            "f",
            Value::Double(f64::NEG_INFINITY),
            json!({"doubleValue": "-Infinity"}),
        ),
        (
            "g",
            Value::Double(f64::INFINITY),
            json!({"doubleValue": "Infinity"}),
        ),
        (
            "h",
            Value::Bytes(vec![0, 1, 2]),
            json!({"bytesValue": "AAEC"}),
        ),
        ("i", Value::List(Vec::new()), json!({"arrayValue": {}})),
        (
            "j",
            Value::List(vec![Value::Int(1), Value::Empty]),
            json!({"arrayValue": {"values": [{"intValue": "1"}, {}]}}),
        ),
        (
            "k",
            Value::Map(BTreeMap::from([("x".to_owned(), Value::Bool(true))])),
            json!({"kvlistValue": {"values": [{"key": "x", "value": {"boolValue": true}}]}}),
        ),
    ];
    let of_values = Span {
        attributes: values
            .iter()
            .rev()
            .map(|(key, value, _)| ((*key).to_owned(), value.clone()))
            .collect(),
        ..span("s", 1, 1)
    };
    let expected = values.map(|(key, _, json)| json!({"key": key, "value": json}));
    assert_eq!(shown(of_values, false), json!(expected));
}

#[test]
fn what_is_odd_about_a_span_is_said_unless_the_trace_is_asked_for_raw() {
    let odd = || Span {
        parent: Some(span_id(9)),
        end: 5,
        ..span("s", 1, 1)
    };
    let warnings = &shown(odd(), false)[0];
    assert_eq!(warnings["key"], WARNINGS);
    assert_eq!(
        warnings["value"]["arrayValue"]["values"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(shown(odd(), true), Json::Null);

    let ends = [false, true].map(|raw| {
        resource_spans(&trace(vec![odd()]), raw)[0]["scopeSpans"][0]["spans"][0]["endTimeUnixNano"].clone()
    });
    assert_eq!(ends, [json!("1000000000"), json!("5")]);
}

#[test]
fn spans_stand_under_their_process_and_library() {
    let by = |service, id, scope: &str| Span {
        scope: self::scope(scope),
        ..span(service, 1, id)
    };
    let spans = vec![
        by("a", 1, "x"),
        by("b", 2, "x"),
        by("a", 3, "y"),
        by("a", 4, "x"),
    ];
    let groups = resource_spans(&trace(spans), false);
    let names = |group: &Json| {
        let scopes = group["scopeSpans"].as_array().unwrap().iter();
        let counted = scopes.map(|scope| {
            let spans = scope["spans"].as_array().unwrap().len();
            (scope["scope"]["name"].as_str().unwrap().to_owned(), spans)
        });
        counted.collect::<Vec<_>>()
    };
    assert_eq!(
        names(&groups[0]),
        [("x".to_owned(), 2), ("y".to_owned(), 1)]
    );
    assert_eq!(names(&groups[1]), [("x".to_owned(), 1)]);
    assert_eq!(groups.len(), 2);
}

use serde_json::{Value as Json, json};

use super::*;
use crate::collector::fixture::{span, span_id, trace_id};
use crate::collector::span::{Link, Value};

fn json_of(spans: Vec<Span>, dropped: usize) -> Json {
    let spans = spans.into_iter().map(Arc::new).collect();
    serde_json::to_value(TraceJson::from(Trace {
        id: trace_id(1),
        spans,
        dropped,
    }))
    .unwrap()
}

#[test]
fn spans_stand_by_their_start_whatever_order_they_came_in() {
    let root = span("client", 1, 1);
    let child = Span {
        start: root.start + 5_000,
        parent: Some(root.span_id),
        ..span("server", 1, 2)
    };
    let trace = json_of(vec![child, root], 0);
    assert_eq!(trace["spans"][0]["operationName"], "work 1");
    assert_eq!(trace["spans"][1]["startTime"], 1_000_005);
    for (span, process, service) in [(0, "p1", "client"), (1, "p2", "server")] {
        assert_eq!(trace["spans"][span]["processID"], process);
        assert_eq!(trace["processes"][process]["serviceName"], service);
    }
    assert_eq!(trace["spans"][1]["warnings"], Json::Null);
}

#[test]
fn spans_of_one_process_share_it() {
    let trace = json_of(
        vec![span("s", 1, 1), span("s", 1, 2), span("other", 1, 3)],
        0,
    );
    assert_eq!(trace["processes"].as_object().unwrap().len(), 2);
}

#[test]
fn a_parent_that_is_linked_to_as_well_is_only_a_link() {
    let link = Link {
        trace_id: trace_id(1),
        span_id: span_id(1),
    };
    let child = Span {
        parent: Some(span_id(1)),
        links: vec![link],
        ..span("s", 1, 2)
    };
    let references = json_of(vec![child], 0)["spans"][0]["references"].clone();
    let id = trace_id(1).to_string();
    let expected =
        json!([{"refType": "FOLLOWS_FROM", "traceID": id, "spanID": "0101010101010101"}]);
    assert_eq!(references, expected);
}

#[test]
fn a_span_that_ends_before_it_began_takes_no_time_and_says_so() {
    let late = Span {
        end: 5,
        ..span("s", 1, 1)
    };
    let trace = json_of(vec![late], 0);
    assert_eq!(trace["spans"][0]["duration"], 0);
    assert_eq!(
        trace["spans"][0]["warnings"],
        json!(["Negative duration detected, shown as 0"])
    );
    let begun = span("s", 1, 1).start;
    let moment = Span {
        end: begun,
        ..span("s", 1, 1)
    };
    let trace = json_of(vec![moment], 0);
    assert_eq!(trace["spans"][0]["warnings"], Json::Null);
}

#[test]
fn a_trace_that_is_not_kept_whole_says_so() {
    assert_eq!(json_of(vec![span("s", 1, 1)], 0)["warnings"], Json::Null);
    let warnings = json_of(vec![span("s", 1, 1)], 7)["warnings"][0].clone();
    assert!(warnings.as_str().unwrap().starts_with("7 more spans came"));
}

#[test]
fn the_name_of_an_event_is_the_first_of_its_fields_unless_it_has_that_field_itself() {
    let fields = |name: &str, attribute: &str| {
        let event = Event {
            time: 1,
            name: name.to_owned(),
            attributes: vec![(attribute.to_owned(), Value::Int(2))],
        };
        let span = Span {
            events: vec![event],
            ..span("s", 1, 1)
        };
        let fields = json_of(vec![span], 0)["spans"][0]["logs"][0]["fields"].clone();
        let fields = fields.as_array().unwrap().iter();
        fields
            .map(|field| format!("{}={}", field["key"], field["value"]))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(fields("retry", "attempt"), r#""event"="retry" "attempt"=2"#);
    assert_eq!(fields("retry", "event"), r#""event"=2"#);
    assert_eq!(fields("", "attempt"), r#""attempt"=2"#);
}

#[test]
fn spans_that_share_an_id_are_all_there() {
    let other = Span {
        name: "the other side".to_owned(),
        ..span("server", 1, 1)
    };
    let trace = json_of(vec![span("client", 1, 1), other], 0);
    assert_eq!(trace["spans"].as_array().unwrap().len(), 2);
}

use serde_json::{Value as Json, json};

use super::*;

/// One span of a request, as Node's exporter writes it, with these fields changed.
fn span(changed: &Json) -> Result<Span, String> {
    let mut span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "GET",
        "kind": 3,
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000",
        "attributes": [],
        "droppedAttributesCount": 0,
        "events": [],
        "droppedEventsCount": 0,
        "status": {"code": 0},
        "links": [],
        "droppedLinksCount": 0,
        "flags": 257,
    });
    for (name, value) in changed.as_object().unwrap() {
        span[name] = value.clone();
    }
    let scope_spans = json!([{"scope": {"name": "s", "version": null}, "spans": [span]}]);
    let request = json!({"resourceSpans": [{"resource": {}, "scopeSpans": scope_spans}]});
    let export = export(request.to_string().as_bytes()).map_err(|error| error.to_string())?;
    Ok(export.resource_spans[0].scope_spans[0].spans[0].clone())
}

fn value(json: &Json) -> Result<Option<any_value::Value>, String> {
    let span = span(&json!({"attributes": [{"key": "k", "value": json}]}))?;
    Ok(span.attributes[0].value.clone().unwrap().value)
}

#[test]
fn a_span_of_node_s_exporter_is_read_whole() {
    let span = span(&json!({"parentSpanId": "eee19b7ec3c1b173"})).unwrap();
    assert_eq!(span.trace_id[..2], [0x5b, 0x8e]);
    assert_eq!(span.span_id[..2], [0xee, 0xe1]);
    assert_eq!(span.parent_span_id[7], 0x73);
    assert_eq!((span.name.as_str(), span.kind), ("GET", 3));
    assert_eq!(span.start_time_unix_nano, 1_544_712_660_000_000_000);
}

#[test]
fn an_answer_is_exports_in_envelopes_one_after_the_other() {
    let body = br#"{"result": {"resourceSpans": [{}, {}]}} {"result": {"resourceSpans": [{}]}} {}"#;
    let counts: Vec<_> = answer(body)
        .map(|export| export.ok().map(|export| export.resource_spans.len()))
        .collect();
    assert_eq!(counts, [Some(2), Some(1), None]);
}

#[test]
fn nothing_that_a_span_says_is_lost() {
    let pair = |key: &str| json!({"key": key, "value": {"boolValue": true}});
    let span = json!({
        "traceState": "a=b",
        "flags": 257,
        "endTimeUnixNano": "7",
        "attributes": [pair("of span")],
        "events": [{"timeUnixNano": "5", "name": "retry", "attributes": [pair("of event")]}],
        "links": [{"traceId": "0102", "spanId": "03"}],
        "status": {"code": 2, "message": "it broke"},
    });
    let body = json!({"resourceSpans": [{
        "resource": {"attributes": [pair("of process")]},
        "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": [span]}],
    }]});
    let export = export(body.to_string().as_bytes()).unwrap();
    let keys = |pairs: &[KeyValue]| {
        pairs
            .iter()
            .map(|pair| pair.key.clone())
            .collect::<Vec<_>>()
    };
    let group = &export.resource_spans[0];
    let attributes = &group.resource.as_ref().unwrap().attributes;
    assert_eq!(keys(attributes), ["of process"]);
    let scope = group.scope_spans[0].scope.as_ref().unwrap();
    assert_eq!((scope.name.as_str(), scope.version.as_str()), ("lib", "1"));
    let span = &group.scope_spans[0].spans[0];
    assert_eq!((span.trace_state.as_str(), span.flags), ("a=b", 257));
    assert_eq!(span.end_time_unix_nano, 7);
    assert_eq!(keys(&span.attributes), ["of span"]);
    let event = &span.events[0];
    assert_eq!((event.time_unix_nano, event.name.as_str()), (5, "retry"));
    assert_eq!(keys(&event.attributes), ["of event"]);
    let link = &span.links[0];
    assert_eq!(
        (&link.trace_id[..], &link.span_id[..]),
        (&[1, 2][..], &[3][..])
    );
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "it broke"));
}

#[test]
fn a_number_may_be_text_and_text_may_be_a_number() {
    for time in [json!(5), json!("5")] {
        let span = span(&json!({"startTimeUnixNano": time})).unwrap();
        assert_eq!(span.start_time_unix_nano, 5);
    }
    for int in [json!(i64::MIN), json!(i64::MIN.to_string())] {
        let value = value(&json!({"intValue": int})).unwrap();
        assert_eq!(value, Some(any_value::Value::IntValue(i64::MIN)));
    }
}

#[test]
fn every_type_of_value_is_read() {
    use any_value::Value;
    let one = AnyValue {
        value: Some(Value::IntValue(1)),
    };
    let pair = KeyValue {
        key: "a".to_owned(),
        value: Some(one.clone()),
        ..KeyValue::default()
    };
    let list = ArrayValue { values: vec![one] };
    let map = KeyValueList { values: vec![pair] };
    let bytes = Value::BytesValue(vec![0xfb, 0xff]);
    let values = json!([{"intValue": 1}]);
    let cases = [
        (
            json!({"stringValue": ""}),
            Value::StringValue(String::new()),
        ),
        (json!({"boolValue": false}), Value::BoolValue(false)),
        (json!({"doubleValue": 1}), Value::DoubleValue(1.0)),
        (
            json!({"doubleValue": "-Infinity"}),
            Value::DoubleValue(f64::NEG_INFINITY),
        ),
        (json!({"intValue": 1e21}), Value::DoubleValue(1e21)),
        (json!({"bytesValue": "+/8="}), bytes.clone()),
        (json!({"bytesValue": "-_8"}), bytes),
        (
            json!({"arrayValue": {"values": values}}),
            Value::ArrayValue(list),
        ),
        (
            json!({"kvlistValue": {"values": [{"key": "a", "value": values[0]}]}}),
            Value::KvlistValue(map),
        ),
        (
            json!({"arrayValue": {}}),
            Value::ArrayValue(ArrayValue::default()),
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(value(&json), Ok(Some(expected)), "{json}");
    }
    assert_eq!(value(&json!({})), Ok(None));
}

#[test]
fn unknown_fields_are_passed_over_and_null_is_no_field() {
    let value = value(&json!({"newValue": {"deep": [1]}, "intValue": null, "boolValue": true}));
    assert_eq!(value, Ok(Some(any_value::Value::BoolValue(true))));
    let span = span(&json!({"events": null, "status": null, "name": null, "later": {}})).unwrap();
    assert_eq!((span.name.as_str(), span.status), ("", None));
}

#[test]
fn an_id_that_is_no_hexadecimal_has_no_bytes() {
    for id in ["xyz", "0x5b8efff798038103", "5b8ef", "é"] {
        assert!(
            span(&json!({"spanId": id})).unwrap().span_id.is_empty(),
            "{id}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let error = span(&json!({"startTimeUnixNano": "-1"})).unwrap_err();
    let place =
        "resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: \"-1\" is no whole number";
    assert!(error.starts_with(place), "{error}");
}

#[test]
fn nesting_has_a_bound() {
    let deep = format!(
        "{}{}",
        r#"{"arrayValue":{"values":["#.repeat(10_000),
        "]}}".repeat(10_000)
    );
    let body = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k","value":{deep}}}]}}}}]}}"#
    );
    assert!(export(body.as_bytes()).is_err());
}

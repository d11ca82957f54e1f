use super::*;
use crate::collector::fixture::span;
use crate::collector::span::Status;

fn json_of(value: &Value) -> Json {
    serde_json::to_value(Tag::new("k", value)).unwrap()
}

#[test]
fn each_type_of_value_has_jaeger_s_type_and_form() {
    let map = [
        ("z".to_owned(), Value::Empty),
        ("a".to_owned(), Value::Int(1)),
    ];
    let list = vec![
        Value::String("a".to_owned()),
        Value::Double(1.5),
        Value::Bool(false),
    ];
    let cases = [
        (Value::String("GET".to_owned()), "string", json!("GET")),
        (Value::Empty, "string", json!("")),
        (Value::Bool(true), "bool", json!(true)),
        (Value::Int(-7), "int64", json!(-7)),
        (
            Value::Int(9_007_199_254_740_991),
            "int64",
            json!(9_007_199_254_740_991_i64),
        ),
        (
            Value::Int(9_007_199_254_740_992),
            "int64",
            json!("9007199254740992"),
        ),
        (Value::Int(i64::MIN), "int64", json!("-9223372036854775808")),
        (Value::Double(0.5), "float64", json!(0.5)),
        (Value::Double(2.0), "float64", json!(2)),
        (Value::Double(f64::NAN), "float64", json!("NaN")),
        (Value::Bytes(vec![0, 1, 2]), "binary", json!("AAEC")),
        (Value::List(list), "string", json!(r#"["a",1.5,false]"#)),
        (
            Value::Map(map.into()),
            "string",
            json!(r#"{"a":1,"z":null}"#),
        ),
    ];
    for (value, kind, form) in cases {
        assert_eq!(
            json_of(&value),
            json!({"key": "k", "type": kind, "value": form})
        );
    }
}

#[test]
fn a_failed_span_says_so_in_three_tags() {
    let span = Span {
        status: Status::Error,
        description: "it broke".to_owned(),
        ..span("s", 1, 1)
    };
    let tags = serde_json::to_value(span_tags(&span)).unwrap();
    let expected = json!([
        {"key": "error", "type": "bool", "value": true},
        {"key": "otel.status_code", "type": "string", "value": "ERROR"},
        {"key": "otel.status_description", "type": "string", "value": "it broke"},
        {"key": "span.kind", "type": "string", "value": "internal"},
    ]);
    assert_eq!(tags, expected);
}

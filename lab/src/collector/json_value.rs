//! A value of an attribute as JSON, and as the text that is sought.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::span::Value;

/// A value in JSON's own types.
pub fn plain(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::String(text) => json!(text),
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => json!(int),
        Value::Double(double) => number(*double),
        Value::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Value::List(values) => values.iter().map(plain).collect(),
        Value::Map(values) => values
            .iter()
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
    }
}

/// A number as Jaeger writes it: `2`, not `2.0`; what is no number as text.
pub fn number(double: f64) -> Json {
    /// Up to here every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !double.is_finite() {
        return json!(double.to_string());
    }
    if double.fract() == 0.0 && double.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within range, as just seen"
        )]
        return json!(double as i64);
    }
    json!(double)
}

/// Whether a value is shown as this text.
pub fn shows(value: &Value, text: &str) -> bool {
    match value {
        Value::Empty => text.is_empty(),
        Value::String(own) => own == text,
        // Every way to write a number means it.
        Value::Double(double) => text.parse::<f64>() == Ok(*double) || double.to_string() == text,
        Value::Bytes(bytes) => STANDARD.encode(bytes) == text,
        Value::Bool(bool) => bool.to_string() == text,
        Value::Int(int) => int.to_string() == text,
        Value::List(_) | Value::Map(_) => {
            let shown = plain(value).to_string();
            shown == text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_no_point_as_long_as_it_is_exact() {
        for (double, expected) in [
            (2.0, "2"),
            (-7.0, "-7"),
            (0.5, "0.5"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (9_007_199_254_740_994.0, "9007199254740994.0"),
            (f64::NAN, r#""NaN""#),
            (f64::NEG_INFINITY, r#""-inf""#),
        ] {
            assert_eq!(number(double).to_string(), expected);
        }
    }
}

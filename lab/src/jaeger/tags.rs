//! Attributes as Jaeger's typed tags.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::collector::span::{Attributes, Span, Status, Value};

/// A named value with its type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tag {
    /// Its name.
    pub key: String,
    /// `string`, `bool`, `int64`, `float64` or `binary`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its value: in JSON's own type, but bytes and composites are text.
    pub value: Json,
}

impl Tag {
    fn new(key: &str, value: &Value) -> Self {
        let kind = match value {
            Value::Bool(_) => "bool",
            Value::Int(_) => "int64",
            Value::Double(_) => "float64",
            Value::Bytes(_) => "binary",
            Value::Empty | Value::String(_) | Value::List(_) | Value::Map(_) => "string",
        };
        let value = match value {
            Value::Empty => json!(""),
            Value::List(_) | Value::Map(_) => json!(plain(value).to_string()),
            _ => plain(value),
        };
        Self {
            key: key.to_owned(),
            kind,
            value,
        }
    }

    /// A tag that holds a text.
    pub fn text(key: &str, text: &str) -> Self {
        Self {
            key: key.to_owned(),
            kind: "string",
            value: json!(text),
        }
    }
}

/// The tags of a list of attributes, by name.
pub fn tags(attributes: &Attributes) -> Vec<Tag> {
    sorted(
        attributes
            .iter()
            .map(|(key, value)| Tag::new(key, value))
            .collect(),
    )
}

/// The tags of a span, by name: what OTLP has fields for and Jaeger has not is among them.
pub fn span_tags(span: &Span) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut say = |key, text: &str| {
        if !text.is_empty() {
            tags.push(Tag::text(key, text));
        }
    };
    say("otel.scope.name", &span.scope.name);
    say("otel.scope.version", &span.scope.version);
    say("span.kind", span.kind.name());
    say("w3c.tracestate", &span.trace_state);
    match span.status {
        Status::Unset => {}
        Status::Ok => say("otel.status_code", "OK"),
        Status::Error => say("otel.status_code", "ERROR"),
    }
    say("otel.status_description", &span.description);
    if span.status == Status::Error {
        tags.push(Tag::new("error", &Value::Bool(true)));
    }
    tags.extend(
        span.attributes
            .iter()
            .map(|(key, value)| Tag::new(key, value)),
    );
    sorted(tags)
}

fn sorted(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}

/// A value in JSON's own types.
fn plain(value: &Value) -> Json {
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
fn number(double: f64) -> Json {
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

#[cfg(test)]
mod tests;

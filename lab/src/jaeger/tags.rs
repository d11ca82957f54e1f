//! Attributes as Jaeger's typed tags.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::collector::json_value::plain;
use crate::collector::span::{Attributes, Span, Value};

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

/// Up to here every whole number is exact in JavaScript.
const EXACT: u64 = (1 << 53) - 1;

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
            // JavaScript, which draws Jaeger's page, would round it.
            Value::Int(int) if int.unsigned_abs() > EXACT => json!(int.to_string()),
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
    let all = span.derived();
    let all = all.iter().chain(&span.attributes);
    let tags = all.map(|(key, value)| Tag::new(key, value)).collect();
    sorted(tags)
}

fn sorted(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    tags
}

#[cfg(test)]
mod tests;

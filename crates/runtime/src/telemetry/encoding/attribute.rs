//! Attributes: most of what is in a span, and most of the work.

use opentelemetry::{Array, KeyValue, Value};

use super::Protobuf;

/// From how many bytes on a length takes more than one.
const LONG: usize = 0x80;

/// As many bytes as a value takes that is no list, nor a long text.
fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(2 + text.as_str().len()),
        Value::Bool(_) => Some(2),
        Value::I64(number) => Some(1 + varint_length(number.cast_unsigned())),
        Value::F64(_) => Some(1 + size_of::<f64>()),
        _ => None,
    }
}

fn varint_length(number: u64) -> usize {
    number.checked_ilog2().unwrap_or_default() as usize / 7 + 1
}

impl Protobuf {
    /// One of those of a field below the sixteenth.
    pub(super) fn attribute(&mut self, field: u64, key: &str, value: &Value) {
        let any = length(value).unwrap_or(LONG);
        let pair = 2 + key.len() + 2 + any;
        if pair >= LONG || key.is_empty() {
            self.message(field, |pair| {
                pair.text(1, key);
                pair.message(2, |any| any.value(value));
            });
            return;
        }
        // Most are so short that one byte tells each length: nothing is measured after it is written.
        let [tag, ..] = (field << 3 | 2).to_le_bytes();
        let [of_pair, ..] = pair.to_le_bytes();
        let [of_key, ..] = key.len().to_le_bytes();
        let [of_any, ..] = any.to_le_bytes();
        self.0
            .extend_from_slice(&[tag, of_pair, 1 << 3 | 2, of_key]);
        self.0.extend_from_slice(key.as_bytes());
        if let Value::String(text) = value {
            // As `value` does it, but in one piece: a fifth of what encoding a span takes.
            let text = text.as_str().as_bytes();
            let [of_text, ..] = text.len().to_le_bytes();
            self.0
                .extend_from_slice(&[2 << 3 | 2, of_any, 1 << 3 | 2, of_text]);
            self.0.extend_from_slice(text);
        } else {
            self.0.extend_from_slice(&[2 << 3 | 2, of_any]);
            self.value(value);
        }
    }

    pub(super) fn attributes(&mut self, field: u64, attributes: &[KeyValue]) {
        for KeyValue { key, value, .. } in attributes {
            self.attribute(field, key.as_str(), value);
        }
    }

    /// One of several: it is written even where it is empty.
    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.bytes(1, text.as_str().as_bytes()),
            Value::Bool(is) => self.bool_value(*is),
            Value::I64(number) => self.int_value(*number),
            Value::F64(number) => self.double_value(*number),
            Value::Array(array) => self.message(5, |values| values.array(array)),
            _ => {}
        }
    }

    fn bool_value(&mut self, is: bool) {
        self.key(2, 0);
        self.varint(is.into());
    }

    fn int_value(&mut self, number: i64) {
        self.key(3, 0);
        self.varint(number.cast_unsigned());
    }

    fn double_value(&mut self, number: f64) {
        self.key(4, 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn array(&mut self, array: &Array) {
        match array {
            Array::String(texts) => texts
                .iter()
                .for_each(|text| self.message(1, |any| any.bytes(1, text.as_str().as_bytes()))),
            Array::Bool(all) => all
                .iter()
                .for_each(|is| self.message(1, |any| any.bool_value(*is))),
            Array::I64(all) => all
                .iter()
                .for_each(|number| self.message(1, |any| any.int_value(*number))),
            Array::F64(all) => all
                .iter()
                .for_each(|number| self.message(1, |any| any.double_value(*number))),
            _ => {}
        }
    }
}

//! How long the values of a span's attributes may be. The SDK counts attributes and does not measure
//! them.

use std::fmt;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// The most characters of a text, if there is a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ValueLength(pub(super) Option<u32>);

impl fmt::Display for ValueLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(limit) => write!(f, "{limit}"),
            None => f.write_str("no limit"),
        }
    }
}

impl ValueLength {
    /// Cuts what is longer.
    pub(super) fn apply(self, spans: &mut [SpanData]) {
        let Some(limit) = self.0.and_then(|limit| usize::try_from(limit).ok()) else {
            return;
        };
        for span in spans {
            cut_all(&mut span.attributes, limit);
            for event in &mut span.events.events {
                cut_all(&mut event.attributes, limit);
            }
            for link in &mut span.links.links {
                cut_all(&mut link.attributes, limit);
            }
        }
    }
}

fn cut_all(attributes: &mut [KeyValue], limit: usize) {
    for attribute in attributes {
        match &mut attribute.value {
            Value::String(text) => cut(text, limit),
            Value::Array(Array::String(texts)) => {
                for text in texts {
                    cut(text, limit);
                }
            }
            _ => {}
        }
    }
}

fn cut(text: &mut StringValue, limit: usize) {
    if let Some((end, _)) = text.as_str().char_indices().nth(limit) {
        *text = text.as_str()[..end].to_owned().into();
    }
}

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

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn attributes() -> Vec<KeyValue> {
        let texts = vec!["água".into(), "sal".into()];
        vec![
            KeyValue::new("long name", "ação!"),
            KeyValue::new("short", "ação"),
            KeyValue::new("texts", Value::Array(Array::String(texts))),
            KeyValue::new("number", 123_456),
        ]
    }

    fn span() -> SpanData {
        let now = SystemTime::UNIX_EPOCH;
        let mut events = SpanEvents::default();
        events.events = vec![Event::new("a long name", now, attributes(), 0)];
        let mut links = SpanLinks::default();
        links.links = vec![Link::new(SpanContext::empty_context(), attributes(), 0)];
        SpanData {
            span_context: SpanContext::empty_context(),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: "a long name".into(),
            start_time: now,
            end_time: now,
            attributes: attributes(),
            dropped_attributes_count: 0,
            events,
            links,
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    /// The values of a span's attributes, and of those of its event and its link.
    fn values(limit: Option<u32>) -> [Vec<String>; 3] {
        let mut spans = [span()];
        ValueLength(limit).apply(&mut spans);
        let [span] = spans;
        assert_eq!(span.name, "a long name");
        let (event, link) = (&span.events.events[0], &span.links.links[0]);
        [&span.attributes, &event.attributes, &link.attributes].map(|attributes| {
            let values = attributes.iter().map(|one| one.value.to_string());
            values.collect()
        })
    }

    #[test]
    fn texts_are_cut_between_characters_wherever_they_stand_and_numbers_are_not() {
        let cut = ["açã", "açã", r#"["águ","sal"]"#, "123456"].map(str::to_owned);
        assert_eq!(values(Some(3)), [(); 3].map(|()| cut.to_vec()));
        let four = ["ação", "ação", r#"["água","sal"]"#, "123456"].map(str::to_owned);
        assert_eq!(values(Some(4)), [(); 3].map(|()| four.to_vec()));
        assert_eq!(values(None)[0][0], "ação!");
    }
}

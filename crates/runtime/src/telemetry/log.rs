//! Log lines on stderr: text for people, JSON for collectors, both with the trace's ids.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::trace;

/// The layer that writes log lines to stderr.
pub(super) fn layer<S>(json: bool) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    layer.event_format(Lines { json }).boxed()
}

/// One event, one line.
struct Lines {
    json: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let metadata = event.metadata();
        let (level, target) = (metadata.level(), metadata.target());
        if !self.json {
            write!(writer, "{time} {level:>5} {}", fields.message)?;
            for (name, value) in &fields.rest {
                match value {
                    Value::String(text) if !text.contains([' ', '"', '\n']) => {
                        write!(writer, " {name}={text}")?;
                    }
                    value => write!(writer, " {name}={value}")?,
                }
            }
            if let Some(context) = trace::current() {
                write!(writer, " trace_id={}", context.trace_id())?;
            }
            return writeln!(writer);
        }
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), time.into());
        line.insert("level".to_owned(), level.as_str().into());
        line.insert("message".to_owned(), fields.message.into());
        line.insert("target".to_owned(), target.into());
        if let Some(context) = trace::current() {
            line.insert("trace_id".to_owned(), context.trace_id().to_string().into());
            line.insert("span_id".to_owned(), context.span_id().to_string().into());
        }
        for (name, value) in fields.rest {
            line.entry(name).or_insert(value);
        }
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// The fields of an event, in their order.
#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            // Control characters in what others sent must not forge a line.
            ("message", Value::String(text)) => self.message = text.escape_debug_control(),
            (name, value) => self.rest.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}

/// Text whose control characters are written as escapes.
trait EscapeControl {
    fn escape_debug_control(&self) -> String;
}

impl EscapeControl for str {
    fn escape_debug_control(&self) -> String {
        let mut escaped = String::with_capacity(self.len());
        for letter in self.chars() {
            if letter.is_control() {
                escaped.extend(letter.escape_default());
            } else {
                escaped.push(letter);
            }
        }
        escaped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, say: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .event_format(Lines { json });
        tracing::subscriber::with_default(Registry::default().with(layer), say);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_json_line_has_the_message_and_typed_fields() {
        let line = logged(true, || tracing::warn!(port = 8080_u16, peer = "b", "gone"));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "gone");
        assert_eq!(line["port"], 8080);
        assert_eq!(line["peer"], "b");
        assert!(line.get("trace_id").is_none());
    }

    #[test]
    fn a_text_line_is_one_line_whatever_the_message_holds() {
        let line = logged(false, || {
            tracing::info!(reason = "a b", "forged\nINFO line");
        });
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(
            line.ends_with(" INFO forged\\nINFO line reason=\"a b\"\n"),
            "{line}"
        );
    }
}

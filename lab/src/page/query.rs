//! Which traces somebody looks for on the page.

use opentelemetry::trace::TraceId;
use serde::Deserialize;

use crate::asked;
use crate::collector::search::has_tag;
use crate::collector::span::{Span, Status};
use crate::collector::trace::Trace;
use crate::jaeger::params::duration;

/// The question, as it stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    /// At most so many.
    #[serde(deserialize_with = "asked::number")]
    pub(super) limit: Option<usize>,
    /// This one alone.
    #[serde(deserialize_with = "asked::trace")]
    pub(super) trace: Option<TraceId>,
    /// Only those that came before this place.
    #[serde(deserialize_with = "asked::number")]
    pub(super) before: Option<u64>,
    /// Without automatic rounds that went well: they are counted.
    fold: bool,
    service: String,
    operation: String,
    /// `key=value`, or a key alone.
    tag: String,
    /// The shortest and the longest duration of a span, as in `100ms`.
    min: String,
    max: String,
    errors: bool,
    /// What the name of a service or an operation, an attribute or an event has in it.
    text: String,
}

/// Why a question is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is no duration such as 100ms, 1.2s or 1h")]
pub(super) struct WrongDuration {
    name: &'static str,
    value: String,
}

/// The question, understood.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    wanted: Wanted,
    text: String,
    shortest: u64,
    longest: u64,
}

impl Filter {
    pub(super) fn of(wanted: Wanted) -> Result<Self, WrongDuration> {
        let given = |name, text: &str| match text {
            "" => Ok(None),
            text => duration(text).map(Some).ok_or_else(|| WrongDuration {
                name,
                value: text.to_owned(),
            }),
        };
        Ok(Self {
            shortest: given("min", &wanted.min)?.unwrap_or(0),
            longest: given("max", &wanted.max)?.unwrap_or(u64::MAX),
            text: wanted.text.to_lowercase(),
            wanted,
        })
    }

    /// Whether a trace is an automatic round, and only to be counted.
    pub(super) fn folds(&self, trace: &Trace) -> bool {
        self.wanted.fold && trace.is_round()
    }

    /// Whether a trace has a span that meets every condition.
    pub(super) fn means(&self, trace: &Trace) -> bool {
        (!self.wanted.errors || trace.failed()) && trace.spans.iter().any(|span| self.meets(span))
    }

    fn meets(&self, span: &Span) -> bool {
        let Wanted {
            service,
            operation,
            tag,
            errors,
            ..
        } = &self.wanted;
        let conditions = !(service.is_empty() && operation.is_empty() && tag.is_empty());
        (service.is_empty() || *service == span.resource.service)
            && (operation.is_empty() || *operation == span.name)
            && (tag.is_empty() || tagged(span, tag))
            && (self.shortest..=self.longest).contains(&span.duration())
            // An error of a service that was asked for is one of its own.
            && (!errors || !conditions || span.status == Status::Error)
            && (self.text.is_empty() || says(span, &self.text))
    }
}

fn tagged(span: &Span, tag: &str) -> bool {
    if let Some((key, value)) = tag.split_once(['=', ':']) {
        return has_tag(span, key.trim(), value.trim());
    }
    let derived = span.derived();
    let mut all = derived.iter().chain(&span.attributes);
    all.any(|(key, _)| key == tag)
}

/// Whether anything that a person reads of a span has this in it, which is in lower case.
fn says(span: &Span, text: &str) -> bool {
    use crate::collector::json_value::plain;
    let has = |said: &str| said.to_lowercase().contains(text);
    let events = span.events.iter();
    let attributes = events.flat_map(|event| &event.attributes);
    has(&span.name)
        || has(&span.resource.service)
        || has(&span.description)
        || span.trace_id.to_string().starts_with(text)
        || span.events.iter().any(|event| has(&event.name))
        || span
            .attributes
            .iter()
            .chain(attributes)
            .any(|(_, value)| has(&plain(value).to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::collector::fixture::{round, span, trace_id};
    use crate::collector::span::{Event, Value};

    fn trace(spans: Vec<Span>) -> Trace {
        Trace {
            id: trace_id(1),
            spans: spans.into_iter().map(Arc::new).collect(),
            dropped: 0,
        }
    }

    fn two() -> Trace {
        let failed = Span {
            status: Status::Error,
            end: 2_000_000_000,
            description: "it broke".to_owned(),
            attributes: vec![("user.name".to_owned(), Value::String("João".to_owned()))],
            events: vec![Event {
                time: 0,
                name: "retry".to_owned(),
                attributes: vec![("try".to_owned(), Value::String("third".to_owned()))],
            }],
            ..span("server", 1, 2)
        };
        trace(vec![span("client", 1, 1), failed])
    }

    fn finds(wanted: Wanted) -> bool {
        Filter::of(wanted).unwrap().means(&two())
    }

    #[test]
    fn one_span_must_meet_every_condition() {
        assert!(finds(Wanted::default()));
        let of = |service: &str| Wanted {
            service: service.to_owned(),
            ..Wanted::default()
        };
        assert!(finds(of("client")) && !finds(of("other")));
        let slow = |service: &str| Wanted {
            min: "500ms".to_owned(),
            ..of(service)
        };
        assert!(finds(slow("server")) && !finds(slow("client")));
        let quick = |service: &str| Wanted {
            max: "1ms".to_owned(),
            ..of(service)
        };
        assert!(finds(quick("client")) && !finds(quick("server")));
        let does = |service: &str| Wanted {
            operation: "work 2".to_owned(),
            ..of(service)
        };
        assert!(finds(does("server")) && finds(does("")) && !finds(does("client")));
        let failed = |service: &str| Wanted {
            errors: true,
            ..of(service)
        };
        assert!(finds(failed("server")) && !finds(failed("client")) && finds(failed("")));
    }

    #[test]
    fn tags_and_texts_are_sought_in_what_is_shown() {
        let tag = |tag: &str| Wanted {
            tag: tag.to_owned(),
            ..Wanted::default()
        };
        for (wanted, found) in [
            ("user.name=João", true),
            ("user.name:João", true),
            ("user.name", true),
            ("otel.status_code=ERROR", true),
            ("user.name=Ana", false),
            ("user", false),
        ] {
            assert_eq!(finds(tag(wanted)), found, "{wanted}");
        }
        let text = |text: &str| Wanted {
            text: text.to_owned(),
            ..Wanted::default()
        };
        for (wanted, found) in [
            ("joão", true),
            ("Work 2", true),
            ("0101", true),
            ("CLIENT", true),
            ("broke", true),
            ("Retry", true),
            ("third", true),
            ("Ana", false),
        ] {
            assert_eq!(finds(text(wanted)), found, "{wanted}");
        }
    }

    #[test]
    fn a_duration_that_is_none_is_named() {
        let wanted = Wanted {
            max: "soon".to_owned(),
            ..Wanted::default()
        };
        let error = Filter::of(wanted).unwrap_err().to_string();
        assert!(
            error.contains("max=\"soon\"") && error.contains("100ms"),
            "{error}"
        );
    }

    #[test]
    fn rounds_are_folded_where_that_is_asked_for() {
        let folds = |fold| {
            let wanted = Wanted {
                fold,
                ..Wanted::default()
            };
            let filter = Filter::of(wanted).unwrap();
            assert!(!filter.folds(&two()));
            filter.folds(&trace(vec![round(1)]))
        };
        assert!(folds(true) && !folds(false));
    }
}

//! About how much memory spans take. Not what they took on the way: an attribute without a name and a
//! value is two bytes of protobuf, and thirty times that in memory.

use super::span::{Attributes, Event, Link, Resource, Span, Value};

/// What a span takes beside what is in it: its struct, its vectors, its place in the store.
const OVERHEAD: usize = 400;

/// What an attribute takes beside its texts.
const PAIR: usize = size_of::<(String, Value)>();

/// How many pairs a node of a map has room for, and how many of them are filled at least.
const NODE: (usize, usize) = (11, 5);

/// Weighs spans of one resource, which they carry together.
pub(super) fn add(spans: &mut [Span], resource: &Resource) {
    let shared = resource.service.len() + attributes(&resource.attributes);
    let share = shared.div_ceil(spans.len().max(1));
    for span in spans {
        span.weight = weight(span) + share;
    }
}

fn weight(span: &Span) -> usize {
    let event =
        |event: &Event| size_of::<Event>() + event.name.len() + attributes(&event.attributes);
    OVERHEAD
        + span.name.len()
        + span.trace_state.len()
        + span.description.len()
        + span.scope.name.len()
        + span.scope.version.len()
        + attributes(&span.attributes)
        + span.events.iter().map(event).sum::<usize>()
        + span.links.len() * size_of::<Link>()
}

fn attributes(pairs: &Attributes) -> usize {
    let pair = |(key, value): &(String, Value)| PAIR + key.len() + inside(value);
    pairs.iter().map(pair).sum()
}

fn inside(value: &Value) -> usize {
    match value {
        Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) => 0,
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => {
            let item = |value| size_of::<Value>() + inside(value);
            values.iter().map(item).sum()
        }
        Value::Map(values) => {
            let (room, filled) = NODE;
            let texts = |(key, value): (&String, &Value)| key.len() + inside(value);
            values.len().div_ceil(filled) * room * PAIR + values.iter().map(texts).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::collector::fixture::{span, span_id, trace_id};
    use crate::collector::span::Scope;

    fn weighed(change: impl FnOnce(&mut Span)) -> usize {
        let mut span = span("a", 1, 1);
        change(&mut span);
        let resource = Arc::clone(&span.resource);
        let mut spans = [span];
        add(&mut spans, &resource);
        spans[0].weight
    }

    #[test]
    fn what_is_small_on_the_way_is_weighed_as_it_is_kept() {
        let plain = weighed(|_| {});
        let nothing = || (String::new(), Value::Empty);
        let empty = weighed(|span| span.attributes = vec![nothing(); 1000]);
        assert!(empty >= plain + 1000 * PAIR, "{empty}");
        let map = Value::Map(BTreeMap::from([nothing()]));
        let maps = weighed(|span| span.attributes = vec![(String::new(), map); 1000]);
        assert!(maps >= plain + 1000 * 11 * PAIR, "{maps}");
        let list = Value::List(vec![Value::Empty; 1000]);
        let list = weighed(|span| span.attributes = vec![(String::new(), list)]);
        assert!(list >= plain + 1000 * size_of::<Value>(), "{list}");
        let event = Event {
            time: 0,
            name: "e".repeat(100),
            attributes: vec![nothing()],
        };
        let events = weighed(|span| span.events = vec![event; 100]);
        assert_eq!(events, plain + 100 * (100 + PAIR + size_of::<Event>()));
        let text = weighed(|span| span.description = "x".repeat(1000));
        assert_eq!(text, plain + 1000);
    }

    #[test]
    fn spans_carry_their_resource_together() {
        let text = Value::String("x".repeat(10_000));
        let resource = Resource {
            service: "a".to_owned(),
            attributes: vec![("k".to_owned(), text)],
        };
        let shared = "a".len() + PAIR + "k".len() + 10_000;
        for count in [1, 3, 100] {
            let mut spans = vec![span("a", 1, 1); count];
            add(&mut spans, &resource);
            let all: usize = spans.iter().map(|span| span.weight).sum();
            let own = count * weight(&spans[0]);
            assert!(
                (shared..shared + count).contains(&(all - own)),
                "{count}: {all}"
            );
        }
    }

    #[test]
    fn every_text_of_a_span_and_each_of_its_links_counts() {
        let plain = weighed(|_| {});
        let long = || "x".repeat(1000);
        let named = weighed(|span| span.name = long());
        assert_eq!(named, plain + 1000 - "work 1".len());
        assert_eq!(weighed(|span| span.trace_state = long()), plain + 1000);
        for scope in [("n", 0), ("", 1000)] {
            let (name, version) = (scope.0.repeat(1000), "v".repeat(scope.1));
            let scoped = weighed(|span| {
                span.scope = Arc::new(Scope { name, version });
            });
            assert_eq!(scoped, plain + 1000);
        }
        let link = Link {
            trace_id: trace_id(2),
            span_id: span_id(2),
        };
        let linked = weighed(|span| span.links = vec![link; 10]);
        assert_eq!(linked, plain + 10 * size_of::<Link>());
    }

    #[test]
    fn every_text_of_an_attribute_counts_however_deep_it_is() {
        let plain = weighed(|_| {});
        let text = || Value::String("x".repeat(1000));
        let map = Value::Map(BTreeMap::from([("k".repeat(1000), text())]));
        let pairs = 11 * PAIR;
        for (value, inside) in [
            (text(), 1000),
            (Value::Bytes(vec![0; 1000]), 1000),
            (
                Value::List(vec![text(); 2]),
                2 * (1000 + size_of::<Value>()),
            ),
            (map, pairs + 2000),
        ] {
            let kept = weighed(|span| span.attributes = vec![("key".to_owned(), value)]);
            assert_eq!(kept, plain + PAIR + 3 + inside);
        }
    }
}

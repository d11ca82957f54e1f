use proptest::prelude::*;

use super::*;
use crate::collector::fixture::{ROOMY, round, span, trace_id};
use crate::collector::span::Status;

fn ids(traces: &[Trace]) -> Vec<TraceId> {
    traces.iter().map(|trace| trace.id).collect()
}

#[test]
fn a_trace_is_found_by_its_id_with_the_spans_of_every_service() {
    let mut store = Store::new(ROOMY);
    store.insert(span("client", 1, 1));
    store.insert(span("server", 1, 2));
    store.insert(span("server", 2, 3));
    let trace = store.trace(trace_id(1)).unwrap();
    assert_eq!(trace.spans.len(), 2);
    assert!(store.trace(trace_id(9)).is_none());
    assert_eq!(store.services(), ["client", "server"]);
}

#[test]
fn with_one_trace_too_many_the_oldest_goes_and_so_does_a_service_of_it_alone() {
    let mut store = Store::new(Limits { traces: 2, ..ROOMY });
    store.insert(span("old", 1, 1));
    store.insert(span("new", 2, 1));
    store.insert(span("new", 3, 1));
    assert_eq!(ids(&store.latest(9)), [trace_id(3), trace_id(2)]);
    assert_eq!(store.services(), ["new"]);
    assert_eq!(
        store.counts(),
        Counts {
            kept: 3,
            dropped: 0,
            evicted: 1
        }
    );
}

#[test]
fn a_late_span_of_an_old_trace_does_not_make_it_new() {
    let mut store = Store::new(Limits { traces: 2, ..ROOMY });
    store.insert(span("s", 1, 1));
    store.insert(span("s", 2, 1));
    store.insert(span("s", 1, 2));
    store.insert(span("s", 3, 1));
    assert_eq!(ids(&store.latest(9)), [trace_id(3), trace_id(2)]);
}

#[test]
fn what_a_person_did_and_what_failed_outlast_rounds_but_not_for_ever() {
    let mut store = Store::new(Limits { traces: 8, ..ROOMY });
    store.insert(span("person", 1, 1));
    store.insert(Span {
        status: Status::Error,
        ..round(2)
    });
    for trace in 3..=50 {
        store.insert(round(trace));
    }
    let kept = ids(&store.latest(9));
    assert_eq!(kept.len(), 8);
    assert!(kept.contains(&trace_id(1)) && kept.contains(&trace_id(2)));
    assert!(kept.contains(&trace_id(50)) && !kept.contains(&trace_id(3)));
    // A flood of others leaves rounds their part of the room.
    for trace in 51..=90 {
        store.insert(span("person", trace, 1));
    }
    let rounds = store
        .latest(9)
        .iter()
        .filter(|trace| trace.is_round())
        .count();
    assert_eq!(rounds, 2);
    assert!(store.trace(trace_id(1)).is_none());
}

#[test]
fn a_round_is_one_as_long_as_nothing_of_it_failed() {
    let mut store = Store::new(ROOMY);
    store.insert(round(1));
    assert!(store.trace(trace_id(1)).unwrap().is_round());
    store.insert(Span {
        status: Status::Error,
        ..span("server", 1, 2)
    });
    assert!(!store.trace(trace_id(1)).unwrap().is_round());
    // The same by a client that a person started.
    let by_hand = Span {
        resource: span("client", 2, 1).resource,
        ..round(2)
    };
    store.insert(by_hand);
    assert!(!store.trace(trace_id(2)).unwrap().is_round());
}

#[test]
fn a_pinned_trace_stays_until_it_is_let_go() {
    let mut store = Store::new(Limits { traces: 2, ..ROOMY });
    store.insert(span("s", 1, 1));
    assert!(store.pin(trace_id(1)) && !store.pin(trace_id(9)));
    for trace in 2..=5 {
        store.insert(span("s", trace, 1));
    }
    assert_eq!(ids(&store.latest(9)), [trace_id(5), trace_id(1)]);
    let pinned: Vec<_> = store.pinned().map(|(_, trace)| trace.id).collect();
    assert_eq!(pinned, [trace_id(1)]);
    assert!(store.unpin(trace_id(1)));
    store.insert(span("s", 6, 1));
    assert_eq!(ids(&store.latest(9)), [trace_id(6), trace_id(5)]);
    // Pins alone never fill the store for good.
    assert!(store.pin(trace_id(5)) && store.pin(trace_id(6)));
    store.insert(span("s", 7, 1));
    assert!(store.trace(trace_id(7)).is_some());
}

#[test]
fn with_one_pin_too_many_the_oldest_is_let_go() {
    let mut store = Store::new(ROOMY);
    for trace in 1..=u8::try_from(MOST_PINS).unwrap() + 1 {
        store.insert(span("s", trace, 1));
        store.pin(trace_id(trace));
        let oldest = store.pinned().last().map(|(_, trace)| trace.id);
        let is_full = usize::from(trace) > MOST_PINS;
        assert_eq!(oldest, Some(trace_id(1 + u8::from(is_full))));
    }
    assert_eq!(store.pinned().count(), MOST_PINS);
}

#[test]
fn spans_beyond_the_cap_of_their_trace_are_dropped_and_counted() {
    let mut store = Store::new(Limits {
        spans_per_trace: 2,
        ..ROOMY
    });
    for id in 1..=5 {
        store.insert(span("s", 1, id));
    }
    let trace = store.trace(trace_id(1)).unwrap();
    assert_eq!((trace.spans.len(), trace.dropped), (2, 3));
    assert_eq!(
        store.counts(),
        Counts {
            kept: 2,
            dropped: 3,
            evicted: 0
        }
    );
}

#[test]
fn without_room_in_bytes_the_oldest_traces_go() {
    let mut store = Store::new(Limits {
        bytes: 250,
        ..ROOMY
    });
    for trace in 1..=3 {
        store.insert(span("s", trace, 1));
    }
    assert_eq!(ids(&store.latest(9)), [trace_id(3), trace_id(2)]);
    assert_eq!(store.bytes, 200);
}

#[test]
fn what_fills_the_room_in_bytes_to_the_last_stays() {
    let mut store = Store::new(Limits {
        bytes: 200,
        ..ROOMY
    });
    for trace in 1..=2 {
        store.insert(span("s", trace, 1));
    }
    assert_eq!(ids(&store.latest(9)), [trace_id(2), trace_id(1)]);
    store.insert(Span {
        weight: 200,
        ..span("s", 3, 1)
    });
    assert_eq!(ids(&store.latest(9)), [trace_id(3)]);
}

#[test]
fn a_span_that_never_fits_makes_nothing_go() {
    let mut store = Store::new(Limits {
        bytes: 250,
        ..ROOMY
    });
    store.insert(span("s", 1, 1));
    store.insert(Span {
        weight: 251,
        ..span("s", 2, 1)
    });
    assert_eq!(ids(&store.latest(9)), [trace_id(1)]);
    assert_eq!(store.counts().dropped, 1);
}

#[test]
fn a_span_that_is_sent_again_is_kept_once() {
    let mut store = Store::new(ROOMY);
    store.insert(span("s", 1, 1));
    store.insert(span("s", 1, 1));
    assert_eq!(store.trace(trace_id(1)).unwrap().spans.len(), 1);
    assert_eq!(store.counts().kept, 1);
}

#[test]
fn spans_of_one_id_that_are_not_the_same_are_both_kept() {
    let mut store = Store::new(ROOMY);
    store.insert(span("client", 1, 1));
    store.insert(span("server", 1, 1));
    assert_eq!(store.trace(trace_id(1)).unwrap().spans.len(), 2);
}

#[test]
fn a_search_answers_the_newest_first_up_to_its_limit() {
    let mut store = Store::new(ROOMY);
    for trace in 1..=5 {
        store.insert(span("s", trace, 1));
    }
    let found = store.search(&Search {
        limit: 2,
        ..Search::of("s")
    });
    assert_eq!(ids(&found), [trace_id(5), trace_id(4)]);
    assert!(store.search(&Search::of("nobody")).is_empty());
}

#[test]
fn operations_are_those_of_the_service_each_once() {
    let mut store = Store::new(ROOMY);
    store.insert(span("s", 1, 1));
    store.insert(span("s", 2, 1));
    store.insert(span("other", 1, 2));
    let operations: Vec<_> = store.operations("s").into_iter().collect();
    assert_eq!(operations, [("work 1".to_owned(), "internal")]);
}

proptest! {
    #[test]
    fn whatever_comes_every_bound_holds_and_the_index_fits(
        spans in proptest::collection::vec((0..3_u8, 1..20_u8, 1..9_u8, 1..400_usize), 0..200)
    ) {
        let limits = Limits { traces: 5, spans_per_trace: 4, bytes: 1000 };
        let mut store = Store::new(limits);
        for (service, trace, id, weight) in spans {
            store.insert(Span { weight, ..span(&format!("s{service}"), trace, id) });
        }
        let traces = store.latest(usize::MAX);
        let kept: Vec<_> = traces.iter().flat_map(|trace| &trace.spans).collect();
        prop_assert!(traces.len() <= limits.traces && store.ids.len() == traces.len());
        prop_assert!(traces.iter().all(|trace| trace.spans.len() <= limits.spans_per_trace));
        prop_assert!(store.bytes <= limits.bytes);
        prop_assert_eq!(store.bytes, kept.iter().map(|span| span.weight).sum::<usize>());
        prop_assert_eq!(store.counts.kept - store.counts.evicted, kept.len() as u64);
        for service in store.services() {
            prop_assert!(!store.search(&Search::of(service)).is_empty());
        }
    }
}

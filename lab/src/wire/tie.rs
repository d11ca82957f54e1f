//! A message that carries no context is tied to a span by the time and the ports.
//!
//! The clocks are one machine's. A server's span names the port of whoever connected, which is the
//! link's own; where it names none, or there is no such span, the only trace of that time counts.

use std::ops::RangeInclusive;

use wire::{By, TraceContext};

use super::store::Recorded;
use crate::collector::span::{Kind, Span, Value};
use crate::collector::store::Store;

/// How far a message may lie outside of its span, in microseconds: a server's span begins when it
/// has read, and ends before the last byte is on its way. Where a port tells the connection, a busy
/// machine may take its time.
const SLACK: u64 = 20_000;
const SLACK_OF_CONNECTION: u64 = 1_000_000;

/// What HTTP/2 says of a connection belongs to no request.
const OF_NO_REQUEST: &str = "http/2";

/// Both ends of a link.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    /// Where it listens.
    pub(super) port: u16,
}

/// The spans that messages may belong to.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<Candidate>);

#[derive(Clone, Debug)]
struct Candidate {
    service: String,
    is_server: bool,
    /// Of whoever connected, or of who was asked.
    port: Option<u16>,
    /// In microseconds since 1970.
    lasts: RangeInclusive<u64>,
    trace: String,
    span: String,
}

impl Spans {
    /// Those of a store that may have sent or heard something within this time.
    pub(super) fn within(store: &Store, time: &RangeInclusive<u64>) -> Self {
        let traces = store.before(u64::MAX);
        let spans = traces.flat_map(|(_, trace)| &trace.spans);
        let candidates = spans.filter_map(|span| Candidate::of(span));
        let touches = |one: &Candidate| {
            is_near(&one.lasts, *time.start()) || is_near(time, *one.lasts.start())
        };
        Self(candidates.filter(touches).collect())
    }

    /// The span that a message belongs to, if there is no doubt.
    pub(super) fn of(&self, message: &Recorded, ends: &Ends) -> Option<TraceContext> {
        if message.message.protocol == OF_NO_REQUEST {
            return None;
        }
        let distance = |one: &Candidate| distance(&one.lasts, message.at);
        let heard = |one: &&Candidate| one.is_server && one.service == ends.to;
        let by_port = self.0.iter().filter(heard).filter(|one| {
            let is_same = one.port.is_some() && one.port == message.upstream_port;
            is_same && distance(one) <= SLACK_OF_CONNECTION
        });
        let nearest = by_port.min_by_key(|one| distance(one));
        let near = || self.0.iter().filter(|one| distance(one) <= SLACK);
        let unnamed = near().filter(heard).filter(|one| one.port.is_none());
        let asked = near().filter(|one| {
            !one.is_server && one.service == ends.from && one.port == Some(ends.port)
        });
        let found = nearest.or_else(|| only(unnamed)).or_else(|| only(asked));
        found.map(Candidate::context)
    }
}

/// Whether a moment is within a time, or nearly so.
pub(super) fn is_near(time: &RangeInclusive<u64>, at: u64) -> bool {
    distance(time, at) <= SLACK_OF_CONNECTION
}

/// How far a moment lies outside of a time.
fn distance(time: &RangeInclusive<u64>, at: u64) -> u64 {
    let before = time.start().saturating_sub(at);
    before.max(at.saturating_sub(*time.end()))
}

/// The one span of one trace; none where it may be another's.
fn only<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> Option<&'a Candidate> {
    let mut candidates = candidates.into_iter();
    let first = candidates.next()?;
    candidates
        .all(|other| other.trace == first.trace)
        .then_some(first)
}

impl Candidate {
    fn of(span: &Span) -> Option<Self> {
        let (is_server, port) = match span.kind {
            Kind::Server => (true, port(span, &["network.peer.port", "client.port"])),
            Kind::Client => (false, port(span, &["server.port", "network.peer.port"])),
            _ => return None,
        };
        Some(Self {
            service: span.resource.service.clone(),
            is_server,
            port,
            lasts: span.start / 1000..=span.end / 1000,
            trace: span.trace_id.to_string(),
            span: span.span_id.to_string(),
        })
    }

    fn context(&self) -> TraceContext {
        TraceContext {
            id: self.trace.clone(),
            span: self.span.clone(),
            by: By::Time,
        }
    }
}

fn port(span: &Span, names: &[&str]) -> Option<u16> {
    let named = |name: &&str| span.attributes.iter().find(|(key, _)| key == name);
    match names.iter().find_map(named) {
        Some((_, Value::Int(port))) => u16::try_from(*port).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::{Message, Side};

    use super::*;
    use crate::collector::fixture::{ROOMY, span, trace_id};

    fn message(protocol: &'static str, at: u64, upstream_port: Option<u16>) -> Recorded {
        Recorded {
            id: 1,
            link: "a-to-b".into(),
            connection: 1,
            client: ([127, 0, 0, 1], 4000).into(),
            upstream_port,
            at,
            foreign: None,
            message: Message {
                side: Side::Client,
                protocol,
                summary: String::new(),
                bytes: Vec::new(),
                layers: Vec::new(),
                text: None,
                trace: None,
                call: None,
            },
        }
    }

    fn ported(service: &str, trace: u8, kind: Kind, name: &str, port: i64) -> Span {
        Span {
            kind,
            attributes: vec![
                ("another.port".to_owned(), Value::Int(1)),
                (name.to_owned(), Value::Int(port)),
            ],
            ..span(service, trace, 1)
        }
    }

    fn found(spans: Vec<Span>, message: &Recorded) -> Option<String> {
        let mut store = Store::new(ROOMY);
        for span in spans {
            store.insert(span);
        }
        let ends = Ends {
            from: "a",
            to: "b",
            port: 8180,
        };
        let spans = Spans::within(&store, &(message.at..=message.at));
        let context = spans.of(message, &ends)?;
        assert_eq!(context.by, By::Time);
        Some(context.id)
    }

    const NOON: u64 = 5_000_500;

    #[test]
    fn the_port_of_the_connection_tells_two_requests_of_one_time_apart() {
        let spans = || {
            let of = |trace, port| ported("b", trace, Kind::Server, "network.peer.port", port);
            let mut other = of(6, 41);
            (other.start, other.end) = (5_000_000_000, 5_002_000_000);
            vec![of(5, 40), other]
        };
        let of = |port| found(spans(), &message("text", NOON, port));
        assert_eq!(of(Some(40)), Some(trace_id(5).to_string()));
        assert_eq!(of(Some(41)), Some(trace_id(6).to_string()));
        assert_eq!(of(Some(42)), None);
    }

    #[test]
    fn without_ports_the_only_trace_of_that_time_counts() {
        let plain = |trace| Span {
            kind: Kind::Server,
            ..span("b", trace, 1)
        };
        let text = message("text", NOON, Some(40));
        assert_eq!(found(vec![plain(5)], &text), Some(trace_id(5).to_string()));
        let mut other = plain(6);
        (other.start, other.end) = (5_000_000_000, 5_001_000_000);
        assert_eq!(found(vec![plain(5), other], &text), None);
        let late = message("text", NOON + 500_000, Some(40));
        assert_eq!(found(vec![plain(5)], &late), None);
    }

    #[test]
    fn a_store_without_spans_is_known_by_who_asked_it() {
        let asked = || ported("a", 5, Kind::Client, "server.port", 8180);
        let of = |protocol| found(vec![asked()], &message(protocol, NOON, None));
        assert_eq!(of("resp"), Some(trace_id(5).to_string()));
        assert_eq!(of("http/2"), None);
        let elsewhere = ported("a", 5, Kind::Client, "server.port", 9999);
        assert_eq!(found(vec![elsewhere], &message("resp", NOON, None)), None);
    }

    /// A server's span of so many microseconds, from noon on.
    fn served(service: &str, trace: u8, lasts: u64) -> Span {
        Span {
            kind: Kind::Server,
            start: NOON * 1000,
            end: (NOON + lasts) * 1000,
            ..span(service, trace, 1)
        }
    }

    #[test]
    fn a_message_belongs_to_what_lasts_while_it_passes_or_nearly_so() {
        let lasts = 10_000_000;
        let found = |at| found(vec![served("b", 5, lasts)], &message("text", at, None)).is_some();
        assert!(found(NOON - SLACK) && !found(NOON - SLACK - 1));
        assert!(found(NOON + lasts / 2));
        let end = NOON + lasts;
        assert!(found(end + SLACK) && !found(end + SLACK + 1));
    }

    #[test]
    fn where_a_port_tells_the_connection_a_busy_machine_may_take_its_time() {
        let of = |trace, lasts| Span {
            attributes: vec![("network.peer.port".to_owned(), Value::Int(40))],
            ..served("b", trace, lasts)
        };
        let found = |spans, at| found(spans, &message("text", at, Some(40)));
        let end = NOON + 1000;
        let late = |time| found(vec![of(5, 1000)], end + time).is_some();
        assert!(late(SLACK_OF_CONNECTION) && !late(SLACK_OF_CONNECTION + 1));
        // Of two requests of one connection the nearer one counts.
        let both = vec![of(5, 1000), of(6, 200_000)];
        assert_eq!(found(both, NOON + 300_000), Some(trace_id(6).to_string()));
    }

    #[test]
    fn a_span_of_another_service_or_of_an_unknown_port_is_not_taken() {
        let text = message("text", NOON, None);
        assert_eq!(found(vec![served("c", 5, 1000)], &text), None);
        let client = Span {
            kind: Kind::Client,
            ..served("b", 5, 1000)
        };
        assert_eq!(found(vec![client], &text), None);
        let asked = |service| Span {
            attributes: vec![("server.port".to_owned(), Value::Int(8180))],
            kind: Kind::Client,
            ..served(service, 5, 1000)
        };
        assert_eq!(found(vec![asked("c")], &text), None);
        assert!(found(vec![asked("a")], &text).is_some());
        let server = Span {
            attributes: vec![("network.peer.port".to_owned(), Value::Int(8180))],
            ..served("a", 5, 1000)
        };
        assert_eq!(found(vec![server], &text), None);
        let internal = Span {
            kind: Kind::Internal,
            ..served("b", 5, 1000)
        };
        assert_eq!(found(vec![internal], &text), None);
        // Both name no port, and it ended too long ago for the only one of that time.
        let late = message("text", NOON + 500_000, None);
        assert_eq!(found(vec![served("b", 5, 1000)], &late), None);
    }

    #[test]
    fn spans_that_begin_after_the_first_message_are_looked_at_too() {
        let mut store = Store::new(ROOMY);
        store.insert(served("b", 5, 1000));
        let within = |from: u64, to: u64| Spans::within(&store, &(from..=to)).0.len();
        let far = 4 * SLACK_OF_CONNECTION;
        assert_eq!(within(NOON - far, NOON + far), 1);
        assert_eq!(within(NOON, NOON), 1);
        assert_eq!(within(NOON - far, NOON - far / 2), 0);
        assert_eq!(within(NOON + far / 2, NOON + far), 0);
    }
}

//! Headers of a call: its timeout as a second reading of the rule says; its trace the same however
//! often it is passed on, and no other in the lab.

use std::collections::HashMap;
use std::sync::Once;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use runtime::trace::{Formats, Parent, SpanKind, extract, inject, start};
use runtime_grpc::timeout;
use wire::TraceContext;

use crate::lines::lines;

/// Panics where it does not hold of these lines: a timeout, `traceparent`, `tracestate`, `baggage`.
pub fn check(sent: &[u8]) {
    let ([patience, parent, state, baggage], _) = lines(sent);
    a_timeout_is_read_by_its_rule(patience);
    a_trace_is_passed_on(parent, state, baggage);
}

fn a_timeout_is_read_by_its_rule(sent: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(sent) else {
        return;
    };
    let headers = HeaderMap::from_iter([(timeout::HEADER, value)]);
    let read = timeout::read(&headers).ok().flatten();
    assert_eq!(read, by_the_rule(sent));
    if let Some(time) = read {
        let passed_on = HeaderMap::from_iter([(timeout::HEADER, timeout::value(time))]);
        let again = timeout::read(&passed_on)
            .expect("it is ours")
            .expect("it is there");
        let lost = time.checked_sub(again);
        let lost = lost.expect("a caller's patience does not grow on the way");
        assert!(lost <= time / 1000 || time > Duration::from_secs(99_999_999));
    }
}

/// "gRPC over HTTP2", Requests: `TimeoutValue` of at most 8 digits, `TimeoutUnit`.
fn by_the_rule(sent: &[u8]) -> Option<Duration> {
    let [digits @ .., unit] = sent else {
        return None;
    };
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let mut amount = 0;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        amount = amount * 10 + u64::from(digit);
    }
    let nanos: u64 = match unit {
        b'H' => return Some(Duration::from_secs(amount * 60 * 60)),
        b'M' => return Some(Duration::from_secs(amount * 60)),
        b'S' => 1_000_000_000,
        b'm' => 1_000_000,
        b'u' => 1_000,
        b'n' => 1,
        _ => return None,
    };
    Some(Duration::from_nanos(amount * nanos))
}

fn a_trace_is_passed_on(parent: &[u8], state: &[u8], baggage: &[u8]) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let formats = Formats {
            trace_context: true,
            baggage: true,
        };
        formats.install();
    });
    let mut headers = HeaderMap::new();
    for (name, text) in [
        ("traceparent", parent),
        ("tracestate", state),
        ("baggage", baggage),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(text) {
            headers.insert(name, value);
        }
    }
    let taken = extract(&headers);
    let again = extract(&passed_on(taken.clone()));
    assert_eq!(identity(&again), identity(&taken));
    if identity(&taken).is_some() {
        let by_the_sdk = by_the_sdk(&headers);
        let (ours, theirs) = (taken.span(), by_the_sdk.span());
        assert_eq!(ours.span_context(), theirs.span_context());
    }
    let shown = std::str::from_utf8(parent)
        .ok()
        .and_then(TraceContext::parse);
    let shown = shown.map(|context| (context.id, context.span));
    assert_eq!(
        shown,
        identity(&taken),
        "the lab shows what the services take"
    );
}

/// The SDK's reading, which takes more than W3C does: shorter ids, for one.
fn by_the_sdk(headers: &HeaderMap) -> Context {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let text = value.to_str().ok()?;
        Some((name.to_string(), text.to_owned()))
    };
    let carrier: HashMap<_, _> = headers.iter().filter_map(text).collect();
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// What a process sends on that makes no spans.
fn passed_on(context: Context) -> HeaderMap {
    let span = start(SpanKind::Internal, "none", Parent::Remote(context), []);
    let mut headers = HeaderMap::new();
    inject(&span, &mut headers);
    headers
}

fn identity(context: &Context) -> Option<(String, String)> {
    let span = context.span();
    let context = span.span_context();
    let (trace, span) = (context.trace_id(), context.span_id());
    context
        .is_valid()
        .then(|| (trace.to_string(), span.to_string()))
}

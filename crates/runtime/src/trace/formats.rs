//! Contexts in the headers of HTTP and gRPC: W3C Trace Context, and W3C Baggage.
//!
//! Trace Context is read and written here: every request has it, and the SDK's format, which knows nothing of
//! headers, takes several times as long. Baggage is rare, and the SDK's.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::BaggagePropagator;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The formats in which contexts travel between processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// `traceparent` and `tracestate`.
    pub trace_context: bool,
    /// `baggage`.
    pub baggage: bool,
}

static FORMATS: OnceLock<Formats> = OnceLock::new();

impl Formats {
    /// Trace Context alone.
    pub const TRACE_CONTEXT: Self = Self {
        trace_context: true,
        baggage: false,
    };

    /// Makes them those of the whole process. Whether they are: there may be some before them.
    pub fn install(self) -> bool {
        FORMATS.set(self).is_ok()
    }

    /// None where nobody has said which.
    pub(super) fn installed() -> Self {
        FORMATS.get().copied().unwrap_or_default()
    }

    pub(super) fn read(self, headers: &HeaderMap) -> Context {
        // From an empty context: what this process does at the moment is no parent of the message.
        let mut context = Context::new();
        // Each is asked for by name; most requests have none of them.
        let carries = |name: &HeaderName| matches!(name.as_str(), "traceparent" | "baggage");
        if !headers.keys().any(carries) {
            return context;
        }
        if let Some(sender) = sender(headers).filter(|_| self.trace_context) {
            context = context.with_remote_span_context(sender);
        }
        if self.baggage {
            let headers = HeaderExtractor(headers);
            context = BaggagePropagator::new().extract_with_context(&context, &headers);
        }
        context
    }

    pub(super) fn write(self, context: &Context, headers: &mut HeaderMap) {
        let span = context.span();
        let span = span.span_context();
        if self.trace_context && span.is_valid() {
            let mut add = |name, value: Result<HeaderValue, _>| {
                if let Ok(value) = value {
                    headers.insert(name, value);
                }
            };
            add(TRACEPARENT, HeaderValue::from_bytes(&traceparent(span)));
            let state = span.trace_state().header();
            if !state.is_empty() {
                add(TRACESTATE, HeaderValue::from_bytes(state.as_bytes()));
            }
        }
        if self.baggage {
            BaggagePropagator::new().inject_context(context, &mut HeaderInjector(headers));
        }
    }
}

/// The span whose message has these headers.
fn sender(headers: &HeaderMap) -> Option<SpanContext> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (trace, span, flags) = parse(text(TRACEPARENT)?)?;
    let state = text(TRACESTATE).and_then(|state| state.parse().ok());
    let state: TraceState = state.unwrap_or_default();
    let sender = SpanContext::new(trace, span, flags, true, state);
    sender.is_valid().then_some(sender)
}

/// The length of `00-TRACE-SPAN-FLAGS`.
const LENGTH: usize = 55;

/// A span as `traceparent` names it.
pub(super) fn traceparent(span: &SpanContext) -> [u8; LENGTH] {
    let mut text = [b'-'; LENGTH];
    let flags = span.trace_flags() & TraceFlags::SAMPLED;
    write_hex(&[0], &mut text[..2]);
    write_hex(&span.trace_id().to_bytes(), &mut text[3..35]);
    write_hex(&span.span_id().to_bytes(), &mut text[36..52]);
    write_hex(&[flags.to_u8()], &mut text[53..]);
    text
}

/// Reads `VERSION-TRACE-SPAN-FLAGS`. A later version may say more behind it, and flags may mean more than
/// that the span is sampled (W3C Trace Context, 3.2 and 4.2).
fn parse(traceparent: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let text = traceparent.trim().as_bytes();
    let (known, more) = text.split_first_chunk::<LENGTH>()?;
    let [version] = hex(&known[..2])?;
    let is_known = match more {
        [] => version != 0xff,
        [b'-', ..] => !matches!(version, 0 | 0xff),
        _ => false,
    };
    if !is_known || [known[2], known[35], known[52]] != [b'-'; 3] {
        return None;
    }
    let trace = TraceId::from_bytes(hex(&known[3..35])?);
    let span = SpanId::from_bytes(hex(&known[36..52])?);
    let [flags] = hex(&known[53..])?;
    Some((trace, span, TraceFlags::new(flags) & TraceFlags::SAMPLED))
}

fn write_hex(bytes: &[u8], text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, digits) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        digits[0] = DIGITS[usize::from(byte >> 4)];
        digits[1] = DIGITS[usize::from(byte & 0xf)];
    }
}

/// As many bytes as two digits for each of them tell, in small letters.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = (digit(digits[0])? << 4) | digit(digits[1])?;
    }
    Some(bytes)
}

fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text - b'0'),
        b'a'..=b'f' => Some(text - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";
    const ALL: Formats = Formats {
        trace_context: true,
        baggage: true,
    };

    fn headers<const N: usize>(all: [(&'static str, &str); N]) -> HeaderMap {
        let header = |(name, value): (_, &str)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        };
        all.map(header).into_iter().collect()
    }

    /// What is sent on by a process that was sent this, and makes no spans.
    fn passed_on(formats: Formats, sent: &HeaderMap) -> Vec<String> {
        let mut headers = HeaderMap::new();
        formats.write(&formats.read(sent), &mut headers);
        let shown = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap())
        };
        headers.iter().map(shown).collect()
    }

    #[test]
    fn a_context_goes_on_as_it_came() {
        for flags in ["00", "01"] {
            let parent = format!("00-{TRACE}-{SPAN}-{flags}");
            let sent = headers([("traceparent", &parent), ("tracestate", "a=1, b@c=2")]);
            let expected = [
                format!("traceparent: {parent}"),
                "tracestate: a=1,b@c=2".into(),
            ];
            assert_eq!(passed_on(ALL, &sent), expected);
            let context = ALL.read(&sent);
            assert!(context.span().span_context().is_remote());
        }
    }

    #[test]
    fn later_versions_may_say_more_and_set_flags_that_are_not_known() {
        for parent in [
            format!("00-{TRACE}-{SPAN}-ff"),
            format!("01-{TRACE}-{SPAN}-01"),
            format!("cc-{TRACE}-{SPAN}-03-what the future brings"),
            format!("fe-{TRACE}-{SPAN}-09-"),
            format!(" 00-{TRACE}-{SPAN}-01 "),
        ] {
            let sent = headers([("traceparent", &parent)]);
            let expected = [format!("traceparent: 00-{TRACE}-{SPAN}-01")];
            assert_eq!(passed_on(ALL, &sent), expected, "{parent}");
        }
    }

    #[test]
    fn what_is_no_traceparent_is_none_with_its_state() {
        let zeros = "0".repeat(32);
        for parent in [
            String::new(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}"),
            format!("0-{TRACE}-{SPAN}-001"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0A"),
            format!("00-{TRACE}-{SPAN}-+1"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}-{SPAN}-001", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}-0é"),
        ] {
            let sent = headers([("traceparent", &parent), ("tracestate", "a=1")]);
            assert_eq!(passed_on(ALL, &sent), [""; 0], "{parent}");
        }
    }

    #[test]
    fn a_state_that_is_none_is_left_out_and_the_trace_goes_on() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        for state in ["", ",", "a", "A=1", "a=1=2", "é=1"] {
            let sent = headers([("traceparent", &parent), ("tracestate", state)]);
            let expected = [format!("traceparent: {parent}")];
            assert_eq!(passed_on(ALL, &sent), expected, "{state}");
        }
    }

    #[test]
    fn what_is_no_format_of_the_process_is_neither_read_nor_written() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let sent = headers([("traceparent", &parent), ("baggage", "a=1")]);
        for (trace_context, baggage) in [(false, false), (false, true), (true, false), (true, true)]
        {
            let formats = Formats {
                trace_context,
                baggage,
            };
            let parent = format!("traceparent: {parent}");
            let expected = [(trace_context, parent), (baggage, "baggage: a=1".into())];
            let expected = expected.into_iter().filter(|(is_used, _)| *is_used);
            let expected: Vec<_> = expected.map(|(_, header)| header).collect();
            assert_eq!(passed_on(formats, &sent), expected);
        }
    }
}

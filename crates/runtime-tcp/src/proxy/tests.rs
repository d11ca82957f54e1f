//! The codec against the published vectors, and against bytes at random.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use proptest::prelude::*;
use serde::Deserialize;

use super::v2::PROXY;
use super::*;

#[derive(Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    bytes: String,
    outcome: String,
    #[serde(default)]
    header_length: usize,
    #[serde(default)]
    payload: String,
    trace_id: Option<String>,
    span_id: Option<String>,
    sampled: Option<bool>,
    #[serde(default)]
    error: String,
}

impl Vector {
    fn context(&self) -> Option<SpanContext> {
        let trace_id = TraceId::from_hex(self.trace_id.as_ref()?).unwrap();
        let span_id = SpanId::from_hex(self.span_id.as_ref()?).unwrap();
        let flags = TraceFlags::default().with_sampled(self.sampled?);
        Some(SpanContext::new(
            trace_id,
            span_id,
            flags,
            true,
            TraceState::NONE,
        ))
    }
}

fn vectors() -> Vec<Vector> {
    let text = include_str!("../../../../proto/trace-context-tcp.json");
    serde_json::from_str::<Vectors>(text).unwrap().vectors
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn outcome(decoded: &Decoded) -> &'static str {
    match decoded {
        Decoded::NeedMore => "need_more",
        Decoded::NotProxy => "not_proxy",
        Decoded::Header { .. } => "header",
        Decoded::Invalid(_) => "invalid",
    }
}

#[test]
fn every_published_vector_is_decoded_as_it_says() {
    for vector in vectors() {
        let received = bytes(&vector.bytes);
        let decoded = decode(&received);
        assert_eq!(outcome(&decoded), vector.outcome, "{}", vector.name);
        match decoded {
            Decoded::Header { length, context } => {
                assert_eq!(length, vector.header_length, "{}", vector.name);
                assert_eq!(context, vector.context(), "{}", vector.name);
                assert_eq!(
                    received[length..],
                    bytes(&vector.payload),
                    "{}",
                    vector.name
                );
            }
            Decoded::Invalid(error) => assert_eq!(error.code(), vector.error, "{}", vector.name),
            Decoded::NeedMore | Decoded::NotProxy => {}
        }
    }
}

#[test]
fn every_vector_says_need_more_until_it_says_what_it_is_for_good() {
    for vector in vectors() {
        let received = bytes(&vector.bytes);
        let last = decode(&received);
        let decided = (0..=received.len())
            .map(|length| decode(&received[..length]))
            .skip_while(|decoded| *decoded == Decoded::NeedMore);
        for decoded in decided {
            assert_eq!(decoded, last, "{}", vector.name);
        }
    }
}

#[test]
fn what_our_clients_send_is_the_first_vector() {
    let first = &vectors()[0];
    let header = encode(&first.context().unwrap());
    assert_eq!(
        [&header[..], "João".as_bytes()].concat(),
        bytes(&first.bytes)
    );
}

fn context() -> impl Strategy<Value = SpanContext> {
    (1..u128::MAX, 1..u64::MAX, any::<bool>()).prop_map(|(trace, span, sampled)| {
        let flags = TraceFlags::default().with_sampled(sampled);
        SpanContext::new(trace.into(), span.into(), flags, true, TraceState::NONE)
    })
}

/// The signature, then bytes that are more likely to pass than not.
fn near_headers() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![Just(0xe0_u8), Just(0x05), any::<u8>()];
    let length = prop_oneof![Just(26_u16), 0..40_u16];
    let tlv = (kind, length, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(kind, length, value)| [&[kind][..], &length.to_be_bytes(), &value].concat());
    let command = prop_oneof![Just(LOCAL), Just(PROXY), any::<u8>()];
    let family = prop_oneof![Just(0_u8), Just(0x11), Just(0x21), any::<u8>()];
    (command, family, prop::collection::vec(tlv, 0..6), 0..4_u16).prop_map(
        |(command, family, tlvs, less)| {
            let block = tlvs.concat();
            let length = u16::try_from(block.len()).unwrap().saturating_sub(less);
            [
                &SIGNATURE[..],
                &[command, family],
                &length.to_be_bytes(),
                &block,
            ]
            .concat()
        },
    )
}

/// A line, then words that are more likely to pass than not.
fn near_lines() -> impl Strategy<Value = Vec<u8>> {
    let line = "PROXY (TCP4|TCP6|UNKNOWN|[A-Z]{0,4})( (1\\.2\\.3\\.4|::1|80|65535|[a-z0-9.: -]{0,30})){0,5}\r?\n?.{0,20}";
    line.prop_map(String::into_bytes)
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded_whatever_follows(
        context in context(),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let received = [&encode(&context)[..], &payload].concat();
        prop_assert_eq!(decode(&received), Decoded::Header { length: 45, context: Some(context) });
    }

    #[test]
    fn a_decision_is_never_taken_back(received in prop_oneof![near_headers(), near_lines()]) {
        let mut decided = None;
        for length in 0..=received.len() {
            let decoded = decode(&received[..length]);
            if let Some(decided) = &decided {
                prop_assert_eq!(decided, &decoded);
            } else if decoded != Decoded::NeedMore {
                decided = Some(decoded);
            }
        }
    }

    #[test]
    fn a_header_is_never_longer_than_what_came_nor_than_the_limit(
        received in prop_oneof![near_headers(), near_lines()],
    ) {
        if let Decoded::Header { length, .. } = decode(&received) {
            prop_assert!(length <= received.len() && length <= MAX_HEADER);
        }
    }

    #[test]
    fn bytes_that_do_not_begin_like_the_signature_are_no_header(received in prop::collection::vec(any::<u8>(), 1..600)) {
        prop_assume!(received[0] != SIGNATURE[0] && received[0] != b'P');
        prop_assert_eq!(decode(&received), Decoded::NotProxy);
    }
}

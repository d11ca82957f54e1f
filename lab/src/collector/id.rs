//! Ids of traces and spans from outside: of the right length, never zero.

use opentelemetry::trace::{SpanId, TraceId};

/// The trace id in these bytes, or `None` where they are not 16 or all zero.
pub fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    let id = TraceId::from_bytes(bytes.try_into().ok()?);
    (id != TraceId::INVALID).then_some(id)
}

/// The span id in these bytes, or `None` where they are not 8 or all zero.
pub fn span_id(bytes: &[u8]) -> Option<SpanId> {
    let id = SpanId::from_bytes(bytes.try_into().ok()?);
    (id != SpanId::INVALID).then_some(id)
}

/// The trace id in this hexadecimal text; leading zeros may be missing, as Jaeger allows.
pub fn trace_id_from_hex(text: &str) -> Option<TraceId> {
    // `from_hex` alone would take a sign as well, and zeros before an id of full length.
    let is_hex = text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = TraceId::from_hex(text).ok().filter(|_| is_hex)?;
    (id != TraceId::INVALID).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_of_zeros_or_of_another_length_is_none() {
        assert_eq!(trace_id(&[0; 16]), None);
        assert_eq!(trace_id(&[1; 8]), None);
        assert_eq!(span_id(&[0; 8]), None);
        assert_eq!(span_id(&[]), None);
    }

    #[test]
    fn leading_zeros_may_be_missing_in_a_trace_id_but_signs_are_no_digits() {
        let id = trace_id_from_hex("af7651916cd43dd8448eb211c80319c").unwrap();
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        for wrong in ["", "0", "+1", "zzz", "0af7651916cd43dd8448eb211c80319c0"] {
            assert_eq!(trace_id_from_hex(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(id in 1_u128..) {
            let id = trace_id(&id.to_be_bytes()).unwrap();
            prop_assert_eq!(trace_id_from_hex(&id.to_string()), Some(id));
        }
    }
}

//! The ids of traces and spans: fixed in length, never zero, written in hexadecimal.

use std::fmt;

/// The id of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(u128);

/// The id of a span within its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(u64);

impl TraceId {
    /// The id in these bytes, or `None` where they are not 16 or all zero.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let id = u128::from_be_bytes(bytes.try_into().ok()?);
        (id != 0).then_some(Self(id))
    }

    /// The id in this hexadecimal text; leading zeros may be missing, as Jaeger allows.
    pub fn from_hex(text: &str) -> Option<Self> {
        let id = u128::from_str_radix(plain_hex(text, 32)?, 16).ok()?;
        (id != 0).then_some(Self(id))
    }
}

impl SpanId {
    /// The id in these bytes, or `None` where they are not 8 or all zero.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let id = u64::from_be_bytes(bytes.try_into().ok()?);
        (id != 0).then_some(Self(id))
    }
}

/// The text, if it is hexadecimal digits alone: `from_str_radix` would take a sign as well.
fn plain_hex(text: &str, most: usize) -> Option<&str> {
    let fits =
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then_some(text)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_of_zeros_or_of_another_length_is_none() {
        assert_eq!(TraceId::from_bytes(&[0; 16]), None);
        assert_eq!(TraceId::from_bytes(&[1; 8]), None);
        assert_eq!(SpanId::from_bytes(&[0; 8]), None);
        assert_eq!(SpanId::from_bytes(&[]), None);
    }

    #[test]
    fn leading_zeros_may_be_missing_in_a_trace_id_but_signs_are_no_digits() {
        let id = TraceId::from_hex("af7651916cd43dd8448eb211c80319c").unwrap();
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        for wrong in ["", "0", "+1", "zzz", "0af7651916cd43dd8448eb211c80319c0"] {
            assert_eq!(TraceId::from_hex(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(id in 1_u128..) {
            let id = TraceId::from_bytes(&id.to_be_bytes()).unwrap();
            prop_assert_eq!(TraceId::from_hex(&id.to_string()), Some(id));
        }
    }
}

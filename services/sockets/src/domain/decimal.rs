//! Numbers as decimal text, and back.

use super::uint::Uint;

/// The largest power of ten within 64 bits, and how many digits it drops.
const STEP: u64 = 10_000_000_000_000_000_000;
const STEP_DIGITS: usize = 19;

/// All digits of a number, without leading zeros; 0 is `0`.
pub(super) fn to_decimal(number: Uint) -> String {
    let mut parts = Vec::new();
    let mut rest = number;
    while !rest.is_zero() {
        let (quotient, part) = rest.div_rem_small(STEP);
        parts.push(part);
        rest = quotient;
    }
    let first = parts.pop().unwrap_or(0).to_string();
    let padded = parts
        .iter()
        .rev()
        .map(|part| format!("{part:0STEP_DIGITS$}"));
    std::iter::once(first).chain(padded).collect()
}

/// The number that these digits write; `None` for anything else than digits and beyond 2^512.
pub(super) fn from_decimal(text: &str) -> Option<Uint> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let mut number = Uint::ZERO;
    for byte in text.bytes() {
        let (more, overflow) = number.mul_add_small(10, digit(byte)?);
        if overflow != 0 {
            return None;
        }
        number = more;
    }
    (!text.is_empty()).then_some(number)
}

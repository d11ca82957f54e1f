//! The arithmetic against known hard cases, and against an independent library.

mod decimal;
mod primality;
mod random;

use super::{Facts, Number};

fn number(decimal: &str) -> Number {
    Number::from_decimal(decimal).unwrap()
}

/// The number below `2^bits` by this much.
fn below_power_of_two(bits: usize, less: u64) -> Number {
    let value = (num_bigint::BigUint::from(1_u8) << bits) - less;
    number(&value.to_string())
}

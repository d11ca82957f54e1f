//! Primality of any number below 2^512, in bounded time.
//!
//! - Below 2^64: the strong test (Miller-Rabin) to the first twelve primes as bases. **Proven**:
//!   no composite below 318 665 857 834 031 151 167 461 passes them all (J. Sorenson, J. Webster,
//!   "Strong pseudoprimes to twelve prime bases", Mathematics of Computation 86, 2017).
//! - From 2^64 on: **Baillie-PSW**, the strong test to base 2 and the strong Lucas test with
//!   Selfridge's parameters (R. Baillie, S. S. Wagstaff, "Lucas pseudoprimes", Mathematics of
//!   Computation 35, 1980). A prime always passes. No composite that passes is known, none exists
//!   below 2^64 (checked by exhaustion), and nobody has proven that there is none above.
//!
//! Both tests work in the field of the number, with at most a few steps for each of its bits,
//! whatever the number.

use super::field::{Field, Residue};
use super::lucas;
use super::uint::Uint;

/// Whether a number is prime. 0 and 1 are not.
pub(super) fn is_prime(number: &Uint) -> bool {
    for prime in SMALL_PRIMES {
        if number.rem_small(prime) == 0 {
            return number.to_u64() == Some(prime);
        }
    }
    match number.to_u64() {
        Some(small) if small < LEAST_UNDECIDED => small > 1,
        Some(_) => {
            let field = Field::new(*number);
            PROVEN_BASES
                .iter()
                .all(|base| passes_strong_test(&field, *base))
        }
        None => {
            let field = Field::new(*number);
            passes_strong_test(&field, 2) && lucas::passes_strong_test(&field)
        }
    }
}

/// The primes below 256: they settle four of five numbers that come at random.
const SMALL_PRIMES: [u64; 54] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173, 179, 181, 191, 193,
    197, 199, 211, 223, 227, 229, 233, 239, 241, 251,
];

/// The square of the next prime: below it, whatever no small prime divides is prime.
const LEAST_UNDECIDED: u64 = 257 * 257;

/// Enough for every number below 2^64; see above.
const PROVEN_BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// The strong test: with `n - 1 = d·2^s`, does `base^d`, or one of the squares that follow it
/// below `base^(n-1)`, show what a prime would?
fn passes_strong_test(field: &Field, base: u64) -> bool {
    let one = field.one();
    let minus_one = field.neg(one);
    let n_minus_1 = field.modulus().overflowing_sub(&Uint::from_u64(1)).0;
    let twos = n_minus_1.trailing_zeros();
    let mut power = power(field, field.residue(base), &n_minus_1, twos);
    if power == one || power == minus_one {
        return true;
    }
    for _ in 1..twos {
        power = field.square(power);
        if power == minus_one {
            return true;
        }
    }
    false
}

/// `base` to the power of `exponent / 2^skipped`.
fn power(field: &Field, base: Residue, exponent: &Uint, skipped: usize) -> Residue {
    let mut power = field.one();
    for index in (skipped..exponent.bits()).rev() {
        power = field.square(power);
        if exponent.bit(index) {
            power = field.mul(power, base);
        }
    }
    power
}

//! The strong Lucas test with Selfridge's parameters.

use super::field::{Field, Residue};
use super::square::is_square;
use super::uint::Uint;

/// Whether a number above 2^64 passes, as every prime does.
///
/// With `n + 1 = d·2^s`: does `U(d)` vanish modulo n, or one of `V(d), V(2d), …, V(2^(s-1)·d)`?
pub(super) fn passes_strong_test(field: &Field) -> bool {
    let Some(parameter) = selfridge(field.modulus()) else {
        return false;
    };
    let (n_plus_1, overflow) = field.modulus().overflowing_add(&Uint::from_u64(1));
    if overflow {
        return false; // 2^512 - 1, which 3 divides
    }
    let twos = n_plus_1.trailing_zeros();
    let sequence = Sequence::new(field, parameter);
    let mut terms = sequence.terms(&n_plus_1, twos);
    if terms.u == Residue::ZERO || terms.v == Residue::ZERO {
        return true;
    }
    for _ in 1..twos {
        terms = sequence.doubled(terms);
        if terms.v == Residue::ZERO {
            return true;
        }
    }
    false
}

/// Selfridge's D: the first of 5, -7, 9, -11, … whose Jacobi symbol over n is -1.
///
/// `None` where the search shows that n is composite: it is a square, for which no D exists, or it
/// shares a factor with one. Of the D's passed over, none lies beyond `2·(ln n)²` if the extended
/// Riemann hypothesis holds (E. Bach, 1990): 252 000 steps of some nanoseconds, below 2^512.
fn selfridge(n: &Uint) -> Option<Parameter> {
    if is_square(n) {
        return None;
    }
    let mut candidate = Parameter {
        size: 5,
        negative: false,
    };
    loop {
        match jacobi(candidate, n) {
            -1 => return Some(candidate),
            0 => return None,
            _ => {
                candidate = Parameter {
                    size: candidate.size + 2,
                    negative: !candidate.negative,
                }
            }
        }
    }
}

/// An odd number with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parameter {
    size: u64,
    negative: bool,
}

/// The Jacobi symbol of a small odd number over a large one.
fn jacobi(of: Parameter, n: &Uint) -> i8 {
    let n_is_3_of_4 = n.0[0] & 3 == 3;
    let sign = |negative: bool| if negative { -1 } else { 1 };
    let of_minus_one = sign(of.negative && n_is_3_of_4);
    let turned = sign(of.size & 3 == 3 && n_is_3_of_4); // the law of quadratic reciprocity
    of_minus_one * turned * jacobi_small(n.rem_small(of.size), of.size)
}

/// The Jacobi symbol of two small numbers, the lower one odd.
fn jacobi_small(mut upper: u64, mut lower: u64) -> i8 {
    let mut symbol = 1;
    while upper != 0 {
        let twos = upper.trailing_zeros();
        upper >>= twos;
        if twos & 1 == 1 && matches!(lower & 7, 3 | 5) {
            symbol = -symbol;
        }
        if upper & 3 == 3 && lower & 3 == 3 {
            symbol = -symbol;
        }
        (upper, lower) = (lower % upper, upper);
    }
    if lower == 1 { symbol } else { 0 }
}

/// The Lucas sequences U and V with P = 1 and Q = (1 - D)/4.
struct Sequence<'a> {
    field: &'a Field,
    d: Residue,
    q: Residue,
}

/// `U(k)`, `V(k)` and `Q^k`.
#[derive(Clone, Copy)]
struct Terms {
    u: Residue,
    v: Residue,
    q_power: Residue,
}

impl<'a> Sequence<'a> {
    fn new(field: &'a Field, parameter: Parameter) -> Self {
        let size = field.residue(parameter.size);
        let d = if parameter.negative {
            field.neg(size)
        } else {
            size
        };
        let four_q = field.sub(field.one(), d);
        let q = field.half(field.half(four_q));
        Self { field, d, q }
    }

    /// The terms at `index / 2^skipped`, which must not be 0, bit by bit from the highest.
    fn terms(&self, index: &Uint, skipped: usize) -> Terms {
        let one = self.field.one();
        let mut terms = Terms {
            u: one,
            v: one,
            q_power: self.q,
        };
        for bit in (skipped..index.bits().saturating_sub(1)).rev() {
            terms = self.doubled(terms);
            if index.bit(bit) {
                terms = self.next(terms);
            }
        }
        terms
    }

    /// From k to 2k.
    fn doubled(&self, Terms { u, v, q_power }: Terms) -> Terms {
        let field = self.field;
        Terms {
            u: field.mul(u, v),
            v: field.sub(field.square(v), field.add(q_power, q_power)),
            q_power: field.square(q_power),
        }
    }

    /// From k to k + 1.
    fn next(&self, Terms { u, v, q_power }: Terms) -> Terms {
        let field = self.field;
        Terms {
            u: field.half(field.add(u, v)),
            v: field.half(field.add(field.mul(self.d, u), v)),
            q_power: field.mul(q_power, self.q),
        }
    }
}

//! Arithmetic modulo an odd number, in Montgomery's form.
//!
//! Peter L. Montgomery, "Modular Multiplication Without Trial Division", Mathematics of
//! Computation 44 (1985): a residue `x` is kept as `x·R mod n` with `R = 2^(64·limbs of n)`, so that
//! a product needs no division. Sums, differences and halves are the same in this form.

use super::uint::{LIMBS, Uint};

/// The residues modulo one odd number above 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    modulus: Uint,
    /// How many limbs the modulus needs; the work grows with their square.
    limbs: usize,
    /// `-1/modulus` modulo 2^64.
    inverse: u64,
    /// `R mod n`: 1 in Montgomery's form.
    one: Residue,
    /// `R² mod n`, which brings a number into the form.
    r_squared: Residue,
}

/// A number of a [`Field`], in Montgomery's form and below the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residue(Uint);

impl Residue {
    pub(super) const ZERO: Self = Self(Uint::ZERO);
}

impl Field {
    /// The field of a modulus that must be odd and above 1.
    pub(super) fn new(modulus: Uint) -> Self {
        let limbs = modulus.bits().div_ceil(64);
        let mut field = Self {
            modulus,
            limbs,
            inverse: negative_inverse(modulus.0[0]),
            one: Residue(Uint::from_u64(1)),
            r_squared: Residue::ZERO,
        };
        field.one = field.doubled(field.one, limbs * 64);
        field.r_squared = field.doubled(field.one, limbs * 64);
        field
    }

    pub(super) fn modulus(&self) -> &Uint {
        &self.modulus
    }

    pub(super) fn one(&self) -> Residue {
        self.one
    }

    /// A number below the modulus, brought into the form.
    pub(super) fn residue(&self, value: u64) -> Residue {
        self.mul(Residue(Uint::from_u64(value)), self.r_squared)
    }

    pub(super) fn add(&self, a: Residue, b: Residue) -> Residue {
        let (sum, overflow) = a.0.overflowing_add(&b.0);
        self.reduced(sum, overflow)
    }

    pub(super) fn sub(&self, a: Residue, b: Residue) -> Residue {
        let (difference, below_zero) = a.0.overflowing_sub(&b.0);
        if below_zero {
            Residue(difference.overflowing_add(&self.modulus).0)
        } else {
            Residue(difference)
        }
    }

    pub(super) fn neg(&self, a: Residue) -> Residue {
        self.sub(Residue::ZERO, a)
    }

    /// The residue whose double this is: of `a` and `a + n`, one is even.
    pub(super) fn half(&self, a: Residue) -> Residue {
        if a.0.is_odd() {
            let (sum, overflow) = a.0.overflowing_add(&self.modulus);
            Residue(sum.half(overflow))
        } else {
            Residue(a.0.half(false))
        }
    }

    pub(super) fn square(&self, a: Residue) -> Residue {
        self.mul(a, a)
    }

    /// The product: one row of the schoolbook and one step of the reduction in turn.
    pub(super) fn mul(&self, a: Residue, b: Residue) -> Residue {
        let (a, b, n) = (&a.0.0[..self.limbs], &b.0.0[..self.limbs], &self.modulus.0);
        let mut sum = [0_u64; LIMBS];
        let sum = &mut sum[..self.limbs];
        let mut top = 0_u64;
        for &factor in a {
            let mut carry = 0;
            for (limb, &other) in sum.iter_mut().zip(b) {
                (*limb, carry) = factor.carrying_mul_add(other, *limb, carry);
            }
            let (above, overflow) = top.overflowing_add(carry);

            // Adding this multiple of n makes the lowest limb 0, which is then dropped.
            let multiple = sum[0].wrapping_mul(self.inverse);
            let (_, mut carry) = multiple.carrying_mul_add(n[0], sum[0], 0);
            for index in 1..self.limbs {
                let (low, high) = multiple.carrying_mul_add(n[index], sum[index], carry);
                (sum[index - 1], carry) = (low, high);
            }
            let (last, more) = above.overflowing_add(carry);
            sum[self.limbs - 1] = last;
            top = u64::from(overflow) + u64::from(more);
        }
        let mut product = Uint::ZERO;
        product.0[..self.limbs].copy_from_slice(sum);
        if let Some(limb) = product.0.get_mut(self.limbs) {
            *limb = std::mem::take(&mut top); // without such a limb, `top` has passed 2^512
        }
        self.reduced(product, top != 0)
    }

    /// A number below twice the modulus, brought below it.
    fn reduced(&self, value: Uint, overflow: bool) -> Residue {
        let (less, below_zero) = value.overflowing_sub(&self.modulus);
        Residue(if overflow || !below_zero { less } else { value })
    }

    fn doubled(&self, a: Residue, times: usize) -> Residue {
        (0..times).fold(a, |a, _| self.add(a, a))
    }
}

/// `-1/odd` modulo 2^64 by Newton's iteration, each step of which doubles the bits that are right.
fn negative_inverse(odd: u64) -> u64 {
    let mut inverse = odd; // right in 3 bits: the square of an odd number is 1 modulo 8
    for _ in 0..5 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
    }
    inverse.wrapping_neg()
}

//! Unsigned integers of 512 bits: as wide as the widest number on the wire, and no wider.

use std::cmp::Ordering;

/// How many 64-bit limbs a number has.
pub(super) const LIMBS: usize = 8;

/// The widest number in bytes.
pub const MAX_BYTES: usize = LIMBS * 8;

/// An unsigned integer below 2^512. The first limb is the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Uint(pub(super) [u64; LIMBS]);

impl Uint {
    pub(super) const ZERO: Self = Self([0; LIMBS]);

    pub(super) const fn from_u64(value: u64) -> Self {
        let mut limbs = [0; LIMBS];
        limbs[0] = value;
        Self(limbs)
    }

    /// A big-endian number of at most [`MAX_BYTES`] bytes; `None` of more.
    pub(super) fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let mut padded = [0; MAX_BYTES];
        let start = MAX_BYTES.checked_sub(bytes.len())?;
        padded[start..].copy_from_slice(bytes);
        let mut limbs = [0; LIMBS];
        for (limb, chunk) in limbs.iter_mut().zip(padded.rchunks_exact(8)) {
            *limb = chunk
                .iter()
                .fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        Some(Self(limbs))
    }

    pub(super) fn to_be_bytes(self) -> [u8; MAX_BYTES] {
        let mut bytes = [0; MAX_BYTES];
        for (chunk, limb) in bytes.rchunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    /// The number itself where it fits into 64 bits.
    pub(super) fn to_u64(self) -> Option<u64> {
        let [low, high @ ..] = self.0;
        (high == [0; LIMBS - 1]).then_some(low)
    }

    pub(super) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    pub(super) fn is_odd(&self) -> bool {
        self.0[0] & 1 == 1
    }

    /// How many bits it has without leading zeros; 0 has none.
    pub(super) fn bits(&self) -> usize {
        let top = self.0.iter().rposition(|limb| *limb != 0);
        top.map_or(0, |top| {
            top * 64 + 64 - self.0[top].leading_zeros() as usize
        })
    }

    pub(super) fn bit(&self, index: usize) -> bool {
        self.0[index / 64] >> (index % 64) & 1 == 1
    }

    /// How many zeros it ends in, in binary; 0 is all zeros.
    pub(super) fn trailing_zeros(&self) -> usize {
        let low = self.0.iter().position(|limb| *limb != 0);
        low.map_or(MAX_BYTES * 8, |low| {
            low * 64 + self.0[low].trailing_zeros() as usize
        })
    }

    /// The sum, and whether it passed 2^512.
    pub(super) fn overflowing_add(mut self, other: &Self) -> (Self, bool) {
        let mut carry = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            (*limb, carry) = limb.carrying_add(other, carry);
        }
        (self, carry)
    }

    /// The difference, and whether it passed below 0.
    pub(super) fn overflowing_sub(mut self, other: &Self) -> (Self, bool) {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            (*limb, borrow) = limb.borrowing_sub(other, borrow);
        }
        (self, borrow)
    }

    /// Times `factor`, plus `more`; and what passed 2^512.
    pub(super) fn mul_add_small(mut self, factor: u64, more: u64) -> (Self, u64) {
        let mut carry = more;
        for limb in &mut self.0 {
            (*limb, carry) = limb.carrying_mul(factor, carry);
        }
        (self, carry)
    }

    /// The quotient and the rest. `divisor` must not be 0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "quotient and rest fit: the rest before was smaller than the divisor"
    )]
    pub(super) fn div_rem_small(mut self, divisor: u64) -> (Self, u64) {
        let mut rest = 0;
        for limb in self.0.iter_mut().rev() {
            let part = u128::from(rest) << 64 | u128::from(*limb);
            *limb = (part / u128::from(divisor)) as u64;
            rest = (part % u128::from(divisor)) as u64;
        }
        (self, rest)
    }

    pub(super) fn rem_small(self, divisor: u64) -> u64 {
        self.div_rem_small(divisor).1
    }

    /// Half of it, with `top` as the new highest bit.
    pub(super) fn half(mut self, top: bool) -> Self {
        let mut above = u64::from(top);
        for limb in self.0.iter_mut().rev() {
            (*limb, above) = (*limb >> 1 | above << 63, *limb & 1);
        }
        self
    }
}

impl Ord for Uint {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Uint {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

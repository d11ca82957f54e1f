//! Whether a number is a square.

use super::uint::Uint;

/// Whether a number is the square of another, by drawing its root bit by bit.
pub(super) fn is_square(number: &Uint) -> bool {
    let mut rest = *number;
    let mut root = Uint::ZERO;
    for index in (0..number.bits().div_ceil(2)).rev() {
        // Here `root` is twice the root drawn so far, in place of the bit that is drawn next.
        let mut trial = root;
        trial.0[2 * index / 64] |= 1 << (2 * index % 64);
        root = root.half(false);
        if rest >= trial {
            rest = rest.overflowing_sub(&trial).0;
            root.0[2 * index / 64] |= 1 << (2 * index % 64);
        }
    }
    rest.is_zero()
}

//! Bytes that are nearly right: what a fuzzer does first, without a compiler of its own.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Bytes and numbers at the borders of what parsers tell apart.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\n",
    b"\r\n",
    b"\"",
    b"\\",
    b"{",
    b"[[[[[[[[",
    b"-1",
    b"0",
    b"1e999",
    b"18446744073709551616",
    b"\xff\xff\xff\xff",
    "é".as_bytes(),
];

/// The seed with one to four changes, the same for the same number: bits turned, bytes set, cut out,
/// doubled, put in, or taken from the other seed. Never longer than a run of `fuzz/run` makes it.
pub fn mutated(seed: &[u8], other: &[u8], number: u64) -> Vec<u8> {
    const LONGEST: usize = 1024;
    let mut rng = StdRng::seed_from_u64(number);
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = rng.random_range(at..=bytes.len().min(at + 16));
        match rng.random_range(0..6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = rng.random(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => {
                let from = rng.random_range(0..=other.len());
                let to = rng.random_range(from..=other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            _ => {
                let piece = PIECES[rng.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

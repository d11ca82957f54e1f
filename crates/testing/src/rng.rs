//! Inputs at random that are the same in every run.

/// A generator of bytes: xorshift64* (Vigna, 2016), which any test can repeat.
#[derive(Clone, Debug)]
pub struct SeededRng(u64);

impl SeededRng {
    /// The same seed gives the same bytes.
    pub fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(high).unwrap_or_default() % end.max(1)
    }

    /// Bytes, fewer than `end`.
    pub fn bytes(&mut self, end: usize) -> Vec<u8> {
        let length = self.below(end);
        (0..length)
            .map(|_| self.below(256).to_le_bytes()[0])
            .collect()
    }

    /// The same bytes, some of them changed, perhaps cut off.
    pub fn mutated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len());
            if let Some(byte) = bytes.get_mut(at) {
                *byte = self.below(256).to_le_bytes()[0];
            }
        }
        let length = if self.below(4) == 0 {
            self.below(bytes.len())
        } else {
            bytes.len()
        };
        bytes.truncate(length);
        bytes
    }
}

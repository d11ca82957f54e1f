//! What is written while things are broken, and read back afterwards.

pub mod chat;
pub mod users;

/// How much is written, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many writes in all.
    pub writes: u64,
    /// Writes a second.
    pub rate: u64,
}

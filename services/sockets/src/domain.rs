//! Numbers, and what the server says of them: parity, primality, how many digits.

mod decimal;
mod field;
mod lucas;
mod prime;
mod square;
#[cfg(test)]
mod tests;
mod uint;

pub use uint::MAX_BYTES;

use uint::Uint;

/// An unsigned integer below 2^512.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number(Uint);

/// What there is to say of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether 2 divides it.
    pub even: bool,
    /// Whether it is prime; below 2^64 that is proven, above it is Baillie-PSW's verdict.
    pub prime: bool,
    /// How many decimal digits its value has; leading zeros do not count, 0 has one.
    pub digits: usize,
}

/// Why bytes are no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// There are none.
    #[error("no byte")]
    Empty,
    /// They are what a telnet client says of its options.
    #[error("telnet's negotiation of options")]
    Telnet,
    /// There are more than [`MAX_BYTES`].
    #[error("more than {MAX_BYTES} bytes")]
    TooLong,
}

impl NotANumber {
    /// A bounded name, for spans and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Telnet => "telnet",
            Self::TooLong => "too_long",
        }
    }
}

impl Number {
    /// A big-endian number. Leading zeros change nothing: the value counts.
    pub fn from_be_bytes(bytes: &[u8]) -> Result<Self, NotANumber> {
        if bytes.is_empty() {
            return Err(NotANumber::Empty);
        }
        Uint::from_be_bytes(bytes)
            .map(Self)
            .ok_or(NotANumber::TooLong)
    }

    /// The number that decimal digits write, where it is below 2^512.
    pub fn from_decimal(text: &str) -> Option<Self> {
        decimal::from_decimal(text).map(Self)
    }

    /// Its bytes, big-endian, with all leading zeros.
    pub fn to_be_bytes(self) -> [u8; MAX_BYTES] {
        self.0.to_be_bytes()
    }

    /// Its decimal digits.
    pub fn to_decimal(self) -> String {
        decimal::to_decimal(self.0)
    }

    /// Whether 2 divides it.
    pub fn is_even(self) -> bool {
        !self.0.is_odd()
    }

    /// Whether it is prime.
    pub fn is_prime(self) -> bool {
        prime::is_prime(&self.0)
    }

    /// All there is to say of it.
    pub fn facts(self) -> Facts {
        Facts {
            even: self.is_even(),
            prime: self.is_prime(),
            digits: self.to_decimal().len(),
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Uint::from_u64(value))
    }
}

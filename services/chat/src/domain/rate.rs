//! How often a client may speak.

use std::time::Duration;

/// A token bucket: so many at once, and then so many a second.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    burst: f64,
    per_second: f64,
    tokens: f64,
    /// When `tokens` was counted, since the bucket was made.
    counted: Duration,
}

impl TokenBucket {
    /// A full bucket. `per_second` is above 0.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            burst: f64::from(burst),
            per_second: f64::from(per_second),
            tokens: f64::from(burst),
            counted: Duration::ZERO,
        }
    }

    /// Takes a token, or says how long it takes until there is one.
    ///
    /// `now` is the time since the bucket was made.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let passed = now.saturating_sub(self.counted).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.counted = self.counted.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let missing = (1.0 - self.tokens) / self.per_second;
        Err(Duration::from_secs_f64(missing.max(0.001)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let mut bucket = TokenBucket::new(10, 3);
        assert_eq!((0..3).filter(|_| bucket.take(MS(0)).is_ok()).count(), 3);
        assert_eq!(bucket.take(MS(0)), Err(MS(100)));
        assert_eq!(bucket.take(MS(100)), Ok(()));
        assert_eq!(bucket.take(MS(150)), Err(MS(50)), "half a token is there");
    }

    #[test]
    fn silence_fills_the_bucket_and_no_more() {
        let mut bucket = TokenBucket::new(10, 3);
        let taken =
            |bucket: &mut TokenBucket, at| (0..10).filter(|_| bucket.take(at).is_ok()).count();
        assert_eq!(taken(&mut bucket, MS(0)), 3);
        assert_eq!(taken(&mut bucket, MS(60_000)), 3);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = TokenBucket::new(10, 1);
        bucket.take(MS(500)).unwrap();
        assert!(bucket.take(MS(0)).is_err());
        assert!(bucket.take(MS(500)).is_err());
    }
}

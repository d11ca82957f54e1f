//! How long to wait before the next try.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Exponential backoff with full jitter above the usual interval.
///
/// After the first failure the wait lies between `base` and twice `base`, then between `base` and
/// four times it, and so on up to `max`. Jitter keeps the clients of a server that comes back from
/// arriving at once (AWS Architecture Blog, "Exponential Backoff And Jitter").
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    /// The shortest wait until the first success, where it is another one.
    first: Option<Duration>,
    max: Duration,
    failures: u32,
    rng: SmallRng,
}

impl Backoff {
    /// Waits of `base` while all goes well, at most `max` while it does not.
    pub fn new(base: Duration, max: Duration) -> Self {
        Self {
            base,
            first: None,
            max: max.max(base),
            failures: 0,
            rng: SmallRng::from_rng(&mut rand::rng()),
        }
    }

    /// Waits that begin with `first` until something succeeds: who is asked has perhaps just been started, too.
    #[must_use]
    pub fn eager(mut self, first: Duration) -> Self {
        self.first = Some(first.min(self.base));
        self
    }

    /// The same waits in every run, for simulations.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.rng = SmallRng::seed_from_u64(seed);
        self
    }

    /// All went well: the usual interval again.
    pub fn success(&mut self) -> Duration {
        self.failures = 0;
        self.first = None;
        self.base
    }

    /// One more failure in a row: how long to wait now.
    pub fn failure(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let ceiling = self.ceiling();
        self.rng.random_range(self.shortest()..=ceiling)
    }

    fn shortest(&self) -> Duration {
        self.first.unwrap_or(self.base)
    }

    /// The longest that the next wait after this many failures can be.
    fn ceiling(&self) -> Duration {
        let factor = 2_u32.saturating_pow(self.failures.min(20));
        self.shortest().saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_maximum_and_never_beyond() {
        let (base, max) = (Duration::from_secs(5), Duration::from_secs(30));
        let mut backoff = Backoff::new(base, max);
        let ceilings: Vec<u64> = (0..4)
            .map(|_| {
                let wait = backoff.failure();
                assert!(wait >= base && wait <= backoff.ceiling());
                backoff.ceiling().as_secs()
            })
            .collect();
        assert_eq!(ceilings, [10, 20, 30, 30]);
    }

    #[test]
    fn success_returns_to_the_usual_interval() {
        let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(30));
        backoff.failure();
        backoff.failure();
        assert_eq!(backoff.success(), Duration::from_secs(5));
        backoff.failure();
        assert_eq!(backoff.ceiling(), Duration::from_secs(10));
    }

    #[test]
    fn until_something_succeeds_an_eager_one_waits_less() {
        let (base, max) = (Duration::from_secs(5), Duration::from_secs(30));
        let mut backoff = Backoff::new(base, max).eager(Duration::from_millis(500));
        let ceilings: Vec<u64> = (0..7)
            .map(|_| {
                let wait = backoff.failure();
                assert!(wait >= Duration::from_millis(500) && wait <= backoff.ceiling());
                backoff.ceiling().as_secs()
            })
            .collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(backoff.success(), base);
        assert!(backoff.failure() >= base);
    }

    #[test]
    fn any_number_of_failures_stays_within_bounds() {
        let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(2));
        for _ in 0..10_000 {
            assert!(backoff.failure() <= Duration::from_secs(2));
        }
    }
}

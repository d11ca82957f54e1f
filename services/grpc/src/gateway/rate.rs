//! How many requests one client address may send in a second. No I/O, no clock.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket for each address, of which a bounded number is kept.
#[derive(Debug)]
pub(super) struct Rates {
    /// Requests a second; 0 means any number.
    per_second: u32,
    /// Requests at once.
    burst: u32,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    since: Instant,
}

/// Addresses whose buckets are kept. Beyond them the fullest are forgotten, which costs nothing:
/// a new bucket is full.
const MOST: usize = 10_000;

impl Rates {
    pub(super) fn new(per_second: u32, burst: u32) -> Self {
        Self {
            per_second,
            burst: burst.max(1),
            buckets: HashMap::new(),
        }
    }

    /// Takes one request's token, or tells how long until there is one.
    pub(super) fn take(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.per_second == 0 {
            return Ok(());
        }
        let (rate, burst) = (f64::from(self.per_second), f64::from(self.burst));
        let key = network(address);
        if self.buckets.len() >= MOST && !self.buckets.contains_key(&key) {
            self.forget(now);
        }
        let full = Bucket {
            tokens: burst,
            since: now,
        };
        let bucket = self.buckets.entry(key).or_insert(full);
        bucket.refill(rate, burst, now);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate))
    }

    /// Makes room: by those that are full again, else by all.
    fn forget(&mut self, now: Instant) {
        let (rate, burst) = (f64::from(self.per_second), f64::from(self.burst));
        self.buckets.retain(|_, bucket| {
            bucket.refill(rate, burst, now);
            bucket.tokens < burst
        });
        if self.buckets.len() >= MOST {
            self.buckets.clear();
        }
    }
}

impl Bucket {
    fn refill(&mut self, rate: f64, burst: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.tokens = passed.mul_add(rate, self.tokens).min(burst);
        self.since = now;
    }
}

/// What one client has: an IPv4 address, or a /64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_burst_is_let_through_then_the_rate() {
        let (mut rates, mut now) = (Rates::new(10, 3), Instant::now());
        let a = address("10.0.0.1");
        assert!((0..3).all(|_| rates.take(a, now).is_ok()));
        assert_eq!(rates.take(a, now), Err(Duration::from_millis(100)));
        now += Duration::from_millis(100);
        assert!(rates.take(a, now).is_ok() && rates.take(a, now).is_err());
        now += Duration::from_hours(1);
        assert_eq!((0..10).filter(|_| rates.take(a, now).is_ok()).count(), 3);
    }

    #[test]
    fn one_client_does_not_cost_another_one_anything() {
        let (mut rates, now) = (Rates::new(1, 1), Instant::now());
        assert!(rates.take(address("10.0.0.1"), now).is_ok());
        assert!(rates.take(address("::ffff:10.0.0.1"), now).is_err());
        assert!(rates.take(address("10.0.0.2"), now).is_ok());
        assert!(rates.take(address("2001:db8::1"), now).is_ok());
        assert!(rates.take(address("2001:db8::2"), now).is_err());
        assert!(rates.take(address("2001:db8:0:1::1"), now).is_ok());
    }

    #[test]
    fn without_a_rate_everything_passes() {
        let (mut rates, now) = (Rates::new(0, 1), Instant::now());
        assert!((0..100).all(|_| rates.take(address("10.0.0.1"), now).is_ok()));
    }

    #[test]
    fn however_many_addresses_there_are_few_are_kept() {
        let (mut rates, now) = (Rates::new(1, 1), Instant::now());
        for number in 0..30_000_u32 {
            assert!(rates.take(IpAddr::V4(number.into()), now).is_ok());
        }
        assert!(rates.buckets.len() <= MOST);
    }
}

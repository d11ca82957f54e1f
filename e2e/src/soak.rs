//! What is written while things are broken, and read back afterwards.

pub mod chat;
pub mod users;

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::quota::Quota;

/// How much is written, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// How many writes.
    pub writes: &'a Quota,
    /// Writes a second.
    pub rate: u64,
}

impl Plan<'_> {
    /// Ticks once for each write; one that is late moves the others.
    fn ticks(&self) -> Interval {
        let rate = u32::try_from(self.rate.max(1)).unwrap_or(u32::MAX);
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }
}

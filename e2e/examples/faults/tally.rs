//! What the calls of a load came to, each with its times.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One try, whatever it was for.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// Of which kind, if it failed.
    pub(crate) failure: Option<String>,
}

/// A load that goes on: what it did so far, and whether it is enough.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    samples: Mutex<Vec<Sample>>,
    over: AtomicBool,
}

/// With so many good answers in a row a service counts as back.
const IN_A_ROW: usize = 10;

impl Tally {
    /// Notes how a try that began then has ended now.
    pub(crate) fn record(&self, begun: Instant, failure: Option<String>) {
        let ended = Instant::now();
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.push(Sample {
            begun,
            ended,
            failure,
        });
    }

    /// Tells the load that it is enough.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Whether the last tries all began after this moment, and went well.
    pub(crate) fn is_back(&self, since: Instant) -> bool {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let last = samples.iter().rev().take(IN_A_ROW);
        let good = last.filter(|sample| sample.begun >= since && sample.failure.is_none());
        good.count() == IN_A_ROW
    }

    /// All tries, in the order of their ends.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.clone()
    }
}

/// How often each kind of failure came.
pub(crate) fn kinds<'a>(samples: impl Iterator<Item = &'a Sample>) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for kind in samples.filter_map(|sample| sample.failure.clone()) {
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// The time that so many of a hundred do not exceed; none where there are no times.
pub(crate) fn percentile(mut times: Vec<Duration>, percent: usize) -> Option<Duration> {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.saturating_sub(1)).copied()
}

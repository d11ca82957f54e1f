//! One line of a report: what one exercise made of one fault, and which promises it broke.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::load::Found;
use crate::tally::{Sample, kinds, percentile};

/// What was measured of one exercise in one scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) exercise: String,
    pub(crate) requests: usize,
    /// Failed by their kind, over all.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Of those that went well.
    pub(crate) p50: Option<Duration>,
    pub(crate) p99: Option<Duration>,
    pub(crate) longest: Option<Duration>,
    /// Of those that failed.
    pub(crate) failed_p99: Option<Duration>,
    /// From the end of the fault to the first good answer after which nothing failed.
    pub(crate) back: Option<Duration>,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    /// What else is worth knowing.
    pub(crate) notes: Vec<String>,
    /// Which promises were broken.
    pub(crate) broken: Vec<String>,
    /// Other columns than those of a fault, with their heads: what came of hostile clients.
    pub(crate) other: Option<([&'static str; 10], [String; 10])>,
}

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Nothing, ever.
    NothingFails,
    /// What is asked while the fault lasts, until the service is back.
    FailsMeanwhile,
    /// That too; and what was written just before may be lost.
    LosesTheLast,
}

/// When the fault began and ended, and when answers were good again, if they ever were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments {
    pub(crate) began: Instant,
    pub(crate) healed: Instant,
    pub(crate) back: Option<Instant>,
}

impl Row {
    /// Judges a load by what it promises. Times are told, and never a reason to fail.
    pub(crate) fn judged(
        exercise: &str,
        samples: &[Sample],
        found: Found,
        moments: Moments,
        promise: Promise,
    ) -> Self {
        let mut row = Self::measured(exercise, samples);
        row.lost = found.lost;
        row.doubled = found.doubled;
        row.notes = found.notes;
        row.back = back(samples, moments.healed);
        if promise != Promise::LosesTheLast {
            row.broken = found.broken;
            row.must_be_none("lost", found.lost);
        }
        row.must_be_none("doubled", found.doubled);
        let failed = |begun: &dyn Fn(Instant) -> bool| {
            let failed = samples.iter().filter(|sample| sample.failure.is_some());
            failed.filter(|sample| begun(sample.begun)).count() as u64
        };
        let Some(answered) = moments.back else {
            row.broken.push("never back after the fault".to_owned());
            return row;
        };
        match promise {
            Promise::NothingFails => row.must_be_none("failed", failed(&|_| true)),
            Promise::FailsMeanwhile | Promise::LosesTheLast => {
                // A call may begin a moment before the fault, and meet it.
                let before = |sample: &&Sample| sample.failure.is_some();
                let early = samples.iter().filter(before);
                let early = early.filter(|sample| sample.ended < moments.began).count() as u64;
                row.must_be_none("failed before the fault", early);
                row.must_be_none("failed once it was back", failed(&|begun| begun > answered));
            }
        }
        let wrong = row
            .failed
            .iter()
            .filter(|(kind, _)| kind.starts_with("wrong"));
        let wrong = wrong.map(|(_, count)| count).sum();
        row.must_be_none("answered wrongly", wrong);
        row
    }

    /// Says why there is nothing to tell.
    pub(crate) fn skipped(exercise: &str, why: &str) -> Self {
        Self {
            exercise: exercise.to_owned(),
            notes: vec![format!("SKIPPED: {why}")],
            ..Self::default()
        }
    }

    /// The figures of a load, without a judgement.
    pub(crate) fn measured(exercise: &str, samples: &[Sample]) -> Self {
        let times = |failed: bool| {
            let those = samples
                .iter()
                .filter(|sample| sample.failure.is_some() == failed);
            those
                .map(|sample| sample.ended - sample.begun)
                .collect::<Vec<_>>()
        };
        Self {
            exercise: exercise.to_owned(),
            requests: samples.len(),
            failed: kinds(samples.iter()),
            p50: percentile(times(false), 50),
            p99: percentile(times(false), 99),
            longest: times(false).into_iter().max(),
            failed_p99: percentile(times(true), 99),
            ..Self::default()
        }
    }

    /// Breaks a promise unless there are none of these.
    pub(crate) fn must_be_none(&mut self, what: &str, count: u64) {
        if count > 0 {
            self.broken.push(format!("{count} {what}"));
        }
    }
}

fn back(samples: &[Sample], healed: Instant) -> Option<Duration> {
    let failed = samples.iter().filter(|sample| sample.failure.is_some());
    let last = failed.map(|sample| sample.ended).max().unwrap_or(healed);
    let good = samples.iter().filter(|sample| sample.failure.is_none());
    let good = good.map(|sample| sample.ended);
    let first = good.filter(|ended| *ended >= healed.max(last)).min()?;
    Some(first - healed)
}

/// A time as people read it.
pub(crate) fn readable(time: Option<Duration>) -> String {
    match time {
        None => "–".to_owned(),
        Some(time) if time < Duration::from_millis(10) => {
            format!("{:.1} ms", time.as_secs_f64() * 1e3)
        }
        Some(time) if time < Duration::from_secs(1) => format!("{} ms", time.as_millis()),
        Some(time) => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// So many, and of which kinds.
pub(crate) fn by_kind(kinds: &BTreeMap<String, u64>) -> String {
    let sum: u64 = kinds.values().sum();
    let each = kinds.iter().map(|(kind, count)| format!("{count} {kind}"));
    match each.collect::<Vec<_>>().as_slice() {
        [] => "0".to_owned(),
        kinds => format!("{sum}: {}", kinds.join(", ")),
    }
}

/// What the cells of these are.
pub(crate) fn head(rows: &[Row]) -> [&'static str; 10] {
    let other = rows.iter().find_map(|row| row.other.as_ref());
    other.map_or(HEAD, |(head, _)| *head)
}

impl Row {
    /// Its cells, in the order of [`head`].
    pub(crate) fn cells(&self) -> [String; 10] {
        if let Some((_, cells)) = &self.other {
            return cells.clone();
        }
        let failed = by_kind(&self.failed);
        [
            self.exercise.clone(),
            self.requests.to_string(),
            failed,
            readable(self.p50),
            readable(self.p99),
            readable(self.longest),
            readable(self.failed_p99),
            readable(self.back),
            format!("{} / {}", self.lost, self.doubled),
            self.notes.join("; "),
        ]
    }
}

/// What the cells of a fault are.
const HEAD: [&str; 10] = [
    "exercise",
    "requests",
    "failed",
    "p50",
    "p99",
    "longest",
    "failed after (p99)",
    "back after",
    "lost / doubled",
    "notes",
];

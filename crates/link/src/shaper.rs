//! What the faults of one direction do to its bytes: which piece leaves when, and how it ends.
//!
//! Time is handed in, and so is chance. Bytes come in by [`Shaper::push`], their end by
//! [`Shaper::finish`]; what [`Shaper::due`] names is to be done at its time, and [`Shaper::next`]
//! gives it. Without faults everything is due at once.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng;
use rand::rngs::SmallRng;

use crate::toxic::{Fault, Toxic};

/// What is to be done at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These bytes are written.
    Send(Bytes),
    /// No more comes this way.
    Finish,
    /// The whole connection is closed.
    Close,
    /// The whole connection is reset.
    Reset,
}

/// The faults of one direction of one connection.
#[derive(Debug)]
pub struct Shaper {
    stages: Vec<Stage>,
    queue: VecDeque<(Instant, Step)>,
    queued: usize,
    /// When the connection ends, by a fault that has struck. Nothing takes that back.
    end: Option<(Instant, Step)>,
    /// When it ends where faults stay as they are.
    silence: Option<(Instant, Step)>,
    over: bool,
    rng: SmallRng,
}

/// One fault, and what it remembers of the connection.
#[derive(Debug)]
struct Stage {
    toxic: Toxic,
    /// Whether chance has it strike this connection.
    strikes: bool,
    /// Until when what passed before is under way.
    busy_until: Option<Instant>,
    /// How many bytes a fault that counts them has let through.
    passed: u64,
    /// Whether it drops what comes, so that the connection cannot go on without it.
    has_struck: bool,
}

impl Shaper {
    /// A connection that begins under these faults.
    pub fn new(toxics: &[Toxic], now: Instant, rng: SmallRng) -> Self {
        let mut shaper = Self {
            stages: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            end: None,
            silence: None,
            over: false,
            rng,
        };
        shaper.change(toxics, now);
        shaper
    }

    /// Other faults from now on. What was held back leaves at once, and a connection from which a
    /// removed fault has taken bytes ends: they are gone.
    pub fn change(&mut self, toxics: &[Toxic], now: Instant) {
        let mut before = std::mem::take(&mut self.stages);
        for toxic in toxics {
            let known = before
                .iter()
                .position(|stage| stage.is_of(toxic))
                .map(|at| before.swap_remove(at));
            let strikes = known.as_ref().map_or_else(
                || self.rng.random::<f64>() < toxic.toxicity,
                |known| known.strikes,
            );
            self.stages.push(Stage {
                toxic: toxic.clone(),
                strikes,
                busy_until: None,
                passed: known.as_ref().map_or(0, |known| known.passed),
                has_struck: known.is_some_and(|known| known.has_struck),
            });
        }
        for (due, _) in &mut self.queue {
            *due = (*due).min(now);
        }
        if let Some(removed) = before.iter().find(|stage| stage.has_struck) {
            end_by(&mut self.end, now, removed.last_step());
        }
        let timeouts = self.stages.iter().filter(|stage| stage.strikes);
        let timeouts = timeouts.filter_map(|stage| match stage.toxic.fault {
            Fault::Timeout { timeout } if !timeout.is_zero() => Some(now + timeout),
            _ => None,
        });
        self.silence = timeouts.min().map(|due| (due, Step::Close));
    }

    /// How many bytes wait.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Whether no fault strikes and nothing waits: bytes may pass as they come.
    pub fn is_clear(&self) -> bool {
        self.queue.is_empty() && self.end.is_none() && !self.stages.iter().any(|s| s.strikes)
    }

    /// Bytes have come.
    pub fn push(&mut self, bytes: Bytes, now: Instant) {
        let had_limit = self.limit_reached().is_some();
        let mut pieces = vec![(now, bytes)];
        for at in 0..self.stages.len() {
            pieces = self.pass(at, pieces, now);
        }
        for (due, bytes) in pieces {
            self.queued += bytes.len();
            self.queue.push_back((due, Step::Send(bytes)));
        }
        // What a limit has let through arrives, whatever delays it, and then the connection ends.
        if let Some(step) = self.limit_reached().filter(|_| !had_limit) {
            self.queue.push_back((self.after_all(now), step));
        }
    }

    /// Their sender has ended.
    pub fn finish(&mut self, now: Instant) {
        let mut due = self.after_all(now);
        for stage in self.stages.iter_mut().filter(|stage| stage.strikes) {
            match stage.toxic.fault {
                Fault::SlowClose { delay } => due += delay,
                Fault::ResetPeer { timeout } => {
                    stage.has_struck = true;
                    end_by(&mut self.end, now + timeout, stage.last_step());
                    return;
                }
                _ => {}
            }
        }
        self.queue.push_back((due, Step::Finish));
    }

    /// When something is to be done next, if anything is.
    pub fn due(&self) -> Option<Instant> {
        if self.over {
            return None;
        }
        let queued = self.queue.front().map(|(due, _)| *due);
        let end = self.deadline().map(|(due, _)| *due);
        queued.into_iter().chain(end).min()
    }

    /// What is to be done by now.
    pub fn next(&mut self, now: Instant) -> Option<Step> {
        if self.over {
            return None;
        }
        let queued = self.queue.front().map(|(due, _)| *due);
        if let Some((due, step)) = self.deadline()
            && *due <= now
            && queued.is_none_or(|queued| *due < queued)
        {
            let step = step.clone();
            self.over = true;
            return Some(step);
        }
        if queued? > now {
            return None;
        }
        let (_, step) = self.queue.pop_front()?;
        match &step {
            Step::Send(bytes) => self.queued -= bytes.len(),
            Step::Finish | Step::Close | Step::Reset => self.over = true,
        }
        Some(step)
    }

    /// How the connection ends, where as much has passed as may.
    fn limit_reached(&self) -> Option<Step> {
        let mut limits = self.stages.iter().filter(|stage| {
            let fault = &stage.toxic.fault;
            matches!(fault, Fault::LimitData { .. } | Fault::ResetAfter { .. })
        });
        limits.find(|stage| stage.has_struck).map(Stage::last_step)
    }

    /// Now, or when the last of what waits is due.
    fn after_all(&self, now: Instant) -> Instant {
        self.queue.back().map_or(now, |(due, _)| (*due).max(now))
    }

    /// When the connection ends whatever else is queued.
    fn deadline(&self) -> Option<&(Instant, Step)> {
        let ends = self.end.iter().chain(&self.silence);
        ends.min_by_key(|(due, _)| *due)
    }

    /// The pieces after one more fault.
    fn pass(
        &mut self,
        at: usize,
        pieces: Vec<(Instant, Bytes)>,
        now: Instant,
    ) -> Vec<(Instant, Bytes)> {
        let Some(stage) = self.stages.get_mut(at).filter(|stage| stage.strikes) else {
            return pieces;
        };
        let mut passed = Vec::with_capacity(pieces.len());
        for (due, bytes) in pieces {
            match stage.toxic.fault {
                Fault::Latency { latency, jitter } => {
                    let delay = jittered(latency, jitter, &mut self.rng);
                    passed.push((stage.after_the_last(due + delay), bytes));
                }
                Fault::Bandwidth { rate } => stage.slow_down(rate, due, bytes, &mut passed),
                Fault::Slicer {
                    average_size,
                    size_variation,
                    delay,
                } => {
                    let mut due = stage.after_the_last(due);
                    for piece in sliced(bytes, average_size, size_variation, &mut self.rng) {
                        passed.push((due, piece));
                        due += delay;
                    }
                    stage.busy_until = Some(due);
                }
                Fault::Timeout { .. } => stage.has_struck = true,
                Fault::ResetPeer { timeout } => {
                    stage.has_struck = true;
                    end_by(&mut self.end, now + timeout, stage.last_step());
                }
                Fault::LimitData { bytes: limit } | Fault::ResetAfter { bytes: limit } => {
                    let left = limit.saturating_sub(stage.passed);
                    let bytes = first(bytes, left);
                    stage.passed += bytes.len() as u64;
                    stage.has_struck = stage.passed >= limit;
                    passed.push((due, bytes));
                }
                Fault::SlowClose { .. } => passed.push((due, bytes)),
            }
        }
        passed.retain(|(_, bytes)| !bytes.is_empty());
        passed
    }
}

impl Stage {
    /// Whether a toxic is the one of this stage, perhaps with other attributes.
    fn is_of(&self, toxic: &Toxic) -> bool {
        self.toxic.name == toxic.name
            && discriminant(&self.toxic.fault) == discriminant(&toxic.fault)
    }

    /// How a connection ends that this fault ends.
    fn last_step(&self) -> Step {
        match self.toxic.fault {
            Fault::ResetPeer { .. } | Fault::ResetAfter { .. } => Step::Reset,
            _ => Step::Close,
        }
    }

    /// Bytes keep their order: nothing overtakes what is under way.
    fn after_the_last(&mut self, due: Instant) -> Instant {
        let due = self.busy_until.map_or(due, |busy| busy.max(due));
        self.busy_until = Some(due);
        due
    }

    /// Pieces of a tenth of a second each, so that a slow link trickles and does not jump.
    fn slow_down(
        &mut self,
        rate: u64,
        due: Instant,
        mut bytes: Bytes,
        passed: &mut Vec<(Instant, Bytes)>,
    ) {
        if rate == 0 {
            return passed.push((due + FOREVER, bytes));
        }
        let piece = usize::try_from((rate / 10).max(1)).unwrap_or(usize::MAX);
        let mut due = self.after_the_last(due);
        while !bytes.is_empty() {
            let part = bytes.split_to(piece.min(bytes.len()));
            due += Duration::from_nanos(part.len() as u64 * 1_000_000_000 / rate);
            passed.push((due, part));
        }
        self.busy_until = Some(due);
    }
}

/// As long as a fault may last: what is held back leaves when the fault is taken away.
const FOREVER: Duration = Duration::from_hours(30 * 365 * 24);

/// Of several ends the earliest is the one that comes.
fn end_by(end: &mut Option<(Instant, Step)>, due: Instant, step: Step) {
    if end.as_ref().is_none_or(|(before, _)| due < *before) {
        *end = Some((due, step));
    }
}

fn first(mut bytes: Bytes, most: u64) -> Bytes {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    bytes.truncate(most);
    bytes
}

fn jittered(latency: Duration, jitter: Duration, rng: &mut SmallRng) -> Duration {
    if jitter.is_zero() {
        return latency;
    }
    let part = jitter.mul_f64(rng.random::<f64>() * 2.0);
    (latency + part).saturating_sub(jitter)
}

fn sliced(mut bytes: Bytes, average: u64, variation: u64, rng: &mut SmallRng) -> Vec<Bytes> {
    let average = average.max(1);
    let variation = variation.min(average - 1);
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let size = rng.random_range(average - variation..=average + variation);
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(bytes.len());
        pieces.push(bytes.split_to(size));
    }
    pieces
}

#[cfg(test)]
mod tests;

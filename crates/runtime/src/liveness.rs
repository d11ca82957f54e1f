//! Liveness: whether the loops of this process still move.
//!
//! It looks at nothing outside the process: restarting a pod does not mend another one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

/// The loops that a service promised to keep moving.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    loops: Arc<Mutex<Vec<Loop>>>,
}

#[derive(Debug)]
struct Loop {
    name: &'static str,
    longest_silence: Duration,
    last: Instant,
}

/// One loop, as `/livez` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct LoopReport {
    /// The loop's name.
    pub name: &'static str,
    /// Whether it moved within the time it promised.
    pub moves: bool,
    /// Seconds since it last moved.
    pub silent_seconds: f64,
}

impl Liveness {
    /// Adds a loop that beats at least this often.
    pub fn pulse(&self, name: &'static str, longest_silence: Duration) -> Pulse {
        let mut loops = self.lock();
        loops.push(Loop {
            name,
            longest_silence,
            last: Instant::now(),
        });
        Pulse {
            liveness: self.clone(),
            index: loops.len() - 1,
        }
    }

    /// What `/livez` answers: live while every loop moves.
    pub fn report(&self) -> (bool, Vec<LoopReport>) {
        let reports: Vec<LoopReport> = self
            .lock()
            .iter()
            .map(|each| {
                let silent = each.last.elapsed();
                let moves = silent <= each.longest_silence;
                LoopReport {
                    name: each.name,
                    moves,
                    silent_seconds: silent.as_secs_f64(),
                }
            })
            .collect();
        (reports.iter().all(|report| report.moves), reports)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Loop>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle by which a loop shows that it moves.
#[derive(Clone, Debug)]
pub struct Pulse {
    liveness: Liveness,
    index: usize,
}

impl Pulse {
    /// The loop has come round once more.
    pub fn beat(&self) {
        if let Some(each) = self.liveness.lock().get_mut(self.index) {
            each.last = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_falls_silent_ends_liveness_and_a_beat_brings_it_back() {
        let liveness = Liveness::default();
        let pulse = liveness.pulse("poll", Duration::from_secs(40));
        assert!(liveness.report().0);
        tokio::time::advance(Duration::from_secs(41)).await;
        let (live, loops) = liveness.report();
        assert!(!live && loops[0].name == "poll" && !loops[0].moves);
        pulse.beat();
        assert!(liveness.report().0);
    }
}

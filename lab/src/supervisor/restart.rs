//! How long to wait before a dead process starts again.

use std::time::Duration;

use runtime::backoff::Backoff;

/// The wait after the first death lies between this and twice as much.
const FIRST: Duration = Duration::from_millis(250);

/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(15);

/// Whoever ran this long was well: its death is a first one again.
const WELL: Duration = Duration::from_secs(20);

/// The waits of one service.
#[derive(Debug)]
pub struct Restart {
    backoff: Backoff,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            backoff: Backoff::new(FIRST, LONGEST),
        }
    }
}

impl Restart {
    /// How long to wait after a process died that had run this long.
    pub fn wait(&mut self, ran: Duration) -> Duration {
        if ran >= WELL {
            self.backoff.success();
        }
        self.backoff.failure()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_dies_at_once_waits_ever_longer_up_to_a_bound() {
        let mut restart = Restart::default();
        assert!(restart.wait(Duration::ZERO) <= FIRST * 2);
        for _ in 0..50 {
            assert!((FIRST..=LONGEST).contains(&restart.wait(Duration::ZERO)));
        }
    }

    #[test]
    fn a_process_that_ran_for_a_while_is_started_again_soon() {
        let mut restart = Restart::default();
        for _ in 0..50 {
            restart.wait(Duration::ZERO);
        }
        assert!(restart.wait(WELL) <= FIRST * 2);
    }
}

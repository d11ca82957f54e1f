//! What the allocator keeps after a crowd, given back: the connections that stay do not need it.

use std::time::Duration;

use crate::lifecycle::Lifecycle;
use crate::metrics::resident;

/// Gives back what more is resident than was at the least, again and again: a few clients with much
/// to say leave as much as a crowd.
pub(crate) async fn give_back_growth(lifecycle: Lifecycle) {
    let (mut base, mut pause) = (Base(u64::MAX), STARTED);
    loop {
        tokio::select! {
            biased;
            () = lifecycle.stopping() => return,
            () = tokio::time::sleep(pause) => pause = LOOK,
        }
        // Where the system does not tell, the allocator keeps what it has.
        let Some(now) = resident() else {
            return;
        };
        if base.has_grown(now) {
            give_back(&lifecycle).await;
        }
    }
}

/// The resident bytes that are taken to be in use.
struct Base(u64);

impl Base {
    /// Whether so many are enough more for the allocator to be asked. Each time half of them are taken to be
    /// in use from then on: what does not come back is not asked for again and again.
    fn has_grown(&mut self, now: u64) -> bool {
        self.0 = self.0.min(now);
        let growth = now - self.0;
        if growth < GROWTH {
            return false;
        }
        self.0 += growth / 2;
        true
    }
}

/// Gives back what the allocator keeps, for this thread and for the others.
pub(crate) async fn give_back(lifecycle: &Lifecycle) {
    // A few milliseconds, in which a thread serves nobody.
    if let Err(error) = tokio::task::spawn_blocking(malloc_trim::release).await {
        tracing::debug!(%error, "no memory given back");
    }
    // Each worker does its part before it waits: whoever waits already is woken for it.
    for _ in 0..tokio::runtime::Handle::current().metrics().num_workers() {
        lifecycle.spawn_without_span(async {});
    }
}

/// What a start takes is no growth.
const STARTED: Duration = Duration::from_secs(1);

/// Twice in a minute, for a worker may sleep through the first time.
const LOOK: Duration = Duration::from_secs(20);

/// From how many bytes on it is worth it.
const GROWTH: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_given_back_until_it_is_found_to_be_in_use() {
        let mut base = Base(u64::MAX);
        assert!(!base.has_grown(GROWTH), "at first there is nothing less");
        assert!(!base.has_grown(2 * GROWTH - 1));
        let asked = [(); 9].map(|()| base.has_grown(9 * GROWTH));
        assert!(asked.is_sorted_by(|before, after| before >= after));
        assert!(asked[1], "who slept through the first time has another");
        assert!(!asked[8]);
        assert!(!base.has_grown(GROWTH), "it came back after all");
        assert!(base.has_grown(2 * GROWTH));
    }
}

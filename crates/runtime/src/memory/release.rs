//! What the allocator keeps after a crowd, given back: the connections that stay do not need it.

use std::time::Duration;

use crate::lifecycle::Lifecycle;
use crate::metrics::resident;

/// Gives back what more is resident than was at the least, again and again: a few clients with much
/// to say leave as much as a crowd.
pub(crate) async fn give_back_growth(lifecycle: Lifecycle) {
    let (mut least, mut pause) = (u64::MAX, STARTED);
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
        if now >= least.saturating_add(GROWTH) {
            give_back(&lifecycle).await;
        }
        least = least.min(now);
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

//! How much memory connections, unfinished requests and answers to slow readers may hold together.
//!
//! Each of them is within its own limits, and thousands of them together are more than a pod has:
//! the kernel would end the process, and every other client with it. So what they hold is counted,
//! and whatever comes beyond the budget is refused.
//!
//! # Layout
//! - [`MemoryBudget`], [`MemoryReservation`] (`budget.rs`): the count. Pure.
//! - `cgroup.rs`: the limit of the control group that the process is in.
//! - `collector.rs`: both in `/metrics`.
//! - `release.rs`: what the allocator keeps after a crowd, given back.

mod budget;
mod cgroup;
pub(crate) mod collector;
mod release;

pub(crate) use budget::{FEW, Share, without_the_last_quarter};
pub use budget::{MemoryBudget, MemoryReservation, OverBudget};
pub(crate) use release::{give_back, give_back_growth};

use std::time::Duration;

/// Keeps the budget at half of the process's limit, which may change while it runs: Kubernetes
/// resizes pods in place.
pub(crate) async fn follow_limit(budget: MemoryBudget) {
    loop {
        adopt(&budget, cgroup::limit());
        tokio::time::sleep(LOOK).await;
    }
}

fn adopt(budget: &MemoryBudget, limit: Option<u64>) {
    let bytes = budget_within(limit);
    if bytes != budget.bytes() {
        budget.set(bytes);
        tracing::info!(
            budget = bytes,
            ?limit,
            "memory for connections and requests"
        );
    }
}

/// Half: the rest is for the program itself, its spans, and what it keeps.
fn budget_within(limit: Option<u64>) -> usize {
    limit.map_or(MemoryBudget::UNLIMITED, |limit| {
        usize::try_from(limit / 2).unwrap_or(usize::MAX)
    })
}

/// How long a new limit may go unnoticed.
const LOOK: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_changes_under_the_process_changes_the_budget() {
        let budget = MemoryBudget::default();
        adopt(&budget, Some(64 << 20));
        let held = budget.take(20 << 20).unwrap();
        adopt(&budget, Some(32 << 20));
        assert_eq!(budget.bytes(), 16 << 20);
        assert!(budget.take(1).is_err(), "more is held than there is now");
        drop(held);
        assert!(budget.take(16 << 20).is_ok());
        adopt(&budget, None);
        assert_eq!(budget.bytes(), MemoryBudget::UNLIMITED);
    }
}

//! Limits on connections, overall, per address and by memory, and the news that a peak has passed.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::memory::{FEW, MemoryBudget, MemoryReservation, Share, without_the_last_quarter};

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Overall.
    pub total: usize,
    /// From one address.
    pub per_address: usize,
}

/// Why a connection is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As many are open as the listener may have; or as may be while the last are kept for addresses
    /// with few.
    TooMany,
    /// As many are open as one address may have.
    TooManyFromAddress,
    /// The memory for connections and requests is used up.
    NoMemory,
}

impl Refusal {
    /// A bounded name, for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooMany => "max_connections",
            Self::TooManyFromAddress => "max_connections_per_address",
            Self::NoMemory => MemoryBudget::CODE,
        }
    }
}

/// Counts the connections of one listener.
#[derive(Clone, Debug)]
pub(super) struct ConnectionLimiter {
    limits: ConnectionLimits,
    memory: MemoryBudget,
    /// Of a connection that has said nothing.
    silent: usize,
    open: Arc<Mutex<OpenConnections>>,
    shrunk: Arc<Notify>,
}

#[derive(Debug, Default)]
struct OpenConnections {
    total: usize,
    /// The most since the last peak.
    peak: usize,
    by_address: HashMap<IpAddr, Arc<Share>>,
}

/// From how many connections on it is worth giving memory back.
const PEAK: usize = 100;

/// The right to one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct ConnectionPermit {
    limiter: ConnectionLimiter,
    address: IpAddr,
    memory: MemoryReservation,
}

impl ConnectionPermit {
    /// What the connection's address may take of the memory.
    pub(super) fn memory(&self) -> &MemoryBudget {
        self.memory.budget()
    }
}

impl ConnectionLimiter {
    pub(super) fn new(limits: ConnectionLimits, memory: MemoryBudget, silent: usize) -> Self {
        Self {
            limits,
            memory,
            silent,
            open: Arc::default(),
            shrunk: Arc::default(),
        }
    }

    /// Waits until a peak of at least [`PEAK`] connections has shrunk to a quarter of it.
    pub(super) async fn shrunk(&self) {
        self.shrunk.notified().await;
    }

    /// A permit for a connection from this address, or why there is none.
    pub(super) fn take(&self, address: IpAddr) -> Result<ConnectionPermit, Refusal> {
        let mut open = self.lock();
        if open.total >= self.limits.total {
            return Err(Refusal::TooMany);
        }
        let from_address = open.by_address.get(&address).cloned().unwrap_or_default();
        let count = from_address.connections.load(Ordering::Relaxed);
        if count >= self.limits.per_address {
            return Err(Refusal::TooManyFromAddress);
        }
        if count >= FEW && open.total >= without_the_last_quarter(self.limits.total) {
            return Err(Refusal::TooMany);
        }
        let memory = self.memory.of_address(Arc::clone(&from_address));
        let memory = memory.take(self.silent).map_err(|_| Refusal::NoMemory)?;
        from_address.connections.fetch_add(1, Ordering::Relaxed);
        open.by_address.entry(address).or_insert(from_address);
        open.total += 1;
        open.peak = open.peak.max(open.total);
        Ok(ConnectionPermit {
            limiter: self.clone(),
            address,
            memory,
        })
    }

    fn lock(&self) -> MutexGuard<'_, OpenConnections> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut open = self.limiter.lock();
        open.total -= 1;
        if open.peak >= PEAK && open.total <= open.peak / 4 {
            open.peak = open.total;
            self.limiter.shrunk.notify_one();
        }
        if let Some(from_address) = open.by_address.get(&self.address)
            && from_address.connections.fetch_sub(1, Ordering::Relaxed) == 1
        {
            open.by_address.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    fn limiter(total: usize, per_address: usize) -> ConnectionLimiter {
        let limits = ConnectionLimits { total, per_address };
        ConnectionLimiter::new(limits, MemoryBudget::default(), 1)
    }

    #[test]
    fn connections_beyond_the_memory_are_refused_and_leave_no_trace() {
        let limits = ConnectionLimits {
            total: 9,
            per_address: 9,
        };
        let memory = MemoryBudget::of(2000);
        let limiter = ConnectionLimiter::new(limits, memory.clone(), 1000);
        let both = (limiter.take(HERE).unwrap(), limiter.take(HERE).unwrap());
        assert_eq!(limiter.take(THERE).unwrap_err(), Refusal::NoMemory);
        drop(both);
        assert_eq!(memory.held(), 0);
        assert!(limiter.lock().by_address.is_empty());
        assert!(limiter.take(THERE).is_ok());
    }

    #[test]
    fn each_refusal_is_counted_as_the_page_of_metrics_says() {
        let page = include_str!("../../../../docs/metrics.md");
        let row = |line: &&str| line.contains("`server_connections_refused_total`");
        let row = page.lines().find(row).unwrap();
        for refusal in [
            Refusal::TooMany,
            Refusal::TooManyFromAddress,
            Refusal::NoMemory,
        ] {
            let code = format!("`{}`", refusal.code());
            assert!(row.contains(&code), "{code}");
        }
    }

    /// Fills it from one address; what that one got, and why it got no more.
    fn fill(limiter: &ConnectionLimiter) -> (Vec<ConnectionPermit>, Refusal) {
        let mut taken = Vec::new();
        loop {
            match limiter.take(HERE) {
                Ok(permit) => taken.push(permit),
                Err(refusal) => return (taken, refusal),
            }
        }
    }

    #[test]
    fn a_crowd_from_one_address_leaves_the_last_quarter_of_places_to_others() {
        let limiter = limiter(4 * FEW, 4 * FEW);
        let (crowd, refusal) = fill(&limiter);
        assert_eq!((crowd.len(), refusal), (3 * FEW, Refusal::TooMany));
        let others: Vec<_> = (0..FEW).map(|_| limiter.take(THERE).unwrap()).collect();
        assert_eq!(limiter.take(THERE).unwrap_err(), Refusal::TooMany);
        drop(others);
        drop(crowd);
        assert!(limiter.lock().by_address.is_empty());
    }

    #[test]
    fn a_crowd_from_one_address_leaves_the_last_quarter_of_memory_to_others() {
        let limits = ConnectionLimits {
            total: 1000,
            per_address: 1000,
        };
        let memory = MemoryBudget::of(4 * FEW * 1000);
        let limiter = ConnectionLimiter::new(limits, memory, 1000);
        let (crowd, refusal) = fill(&limiter);
        assert_eq!((crowd.len(), refusal), (3 * FEW, Refusal::NoMemory));
        assert!(crowd[0].memory().take(1).is_err(), "nor for its requests");
        let other = limiter.take(THERE).unwrap();
        assert!(other.memory().take(1000).is_ok());
    }

    #[test]
    fn the_cap_per_address_leaves_room_for_others() {
        let limiter = limiter(3, 2);
        let first = limiter.take(HERE).unwrap();
        let _second = limiter.take(HERE).unwrap();
        assert_eq!(limiter.take(HERE).unwrap_err(), Refusal::TooManyFromAddress);
        let _other = limiter.take(THERE).unwrap();
        assert_eq!(limiter.take(THERE).unwrap_err(), Refusal::TooMany);
        drop(first);
        assert!(limiter.take(HERE).is_ok());
    }

    #[tokio::test]
    async fn a_peak_that_has_passed_is_told_of_once_and_a_few_are_no_peak() {
        let limiter = limiter(2 * PEAK, 2 * PEAK);
        let told = || futures_util::FutureExt::now_or_never(limiter.shrunk()).is_some();
        let mut few: Vec<ConnectionPermit> =
            (1..PEAK).map(|_| limiter.take(HERE).unwrap()).collect();
        few.clear();
        assert!(!told());
        let mut many: Vec<ConnectionPermit> =
            (0..PEAK).map(|_| limiter.take(HERE).unwrap()).collect();
        many.truncate(PEAK / 4 + 1);
        assert!(!told());
        many.pop();
        assert!(told());
        many.clear();
        assert!(!told());
    }

    #[test]
    fn an_address_that_left_leaves_no_entry_behind() {
        let limiter = limiter(3, 2);
        drop(limiter.take(HERE).unwrap());
        assert!(limiter.lock().by_address.is_empty());
        assert_eq!(limiter.lock().total, 0);
    }
}

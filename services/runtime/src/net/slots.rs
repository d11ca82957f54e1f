//! Caps on connections: overall and per address; and the news that a crowd has gone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Refusal;

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Overall.
    pub total: usize,
    /// From one address.
    pub per_address: usize,
}

/// The places of one listener.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    caps: Caps,
    taken: Arc<Mutex<Taken>>,
    dispersed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    /// The most there were since the last crowd.
    peak: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// As many connections as are worth giving memory back for.
const CROWD: usize = 1000;

/// One connection's place, free again when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    address: IpAddr,
}

impl Slots {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            caps,
            taken: Arc::default(),
            dispersed: Arc::default(),
        }
    }

    /// Waits until of a crowd a quarter is left, or less.
    pub(super) async fn dispersed(&self) {
        self.dispersed.notified().await;
    }

    /// A place for a connection from this address, or why there is none.
    pub(super) fn take(&self, address: IpAddr) -> Result<Slot, Refusal> {
        let mut taken = self.lock();
        if taken.total >= self.caps.total {
            return Err(Refusal::TooMany);
        }
        let from_address = taken.by_address.entry(address).or_default();
        if *from_address >= self.caps.per_address {
            return Err(Refusal::TooManyFromAddress);
        }
        *from_address += 1;
        taken.total += 1;
        taken.peak = taken.peak.max(taken.total);
        Ok(Slot {
            slots: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.lock();
        taken.total -= 1;
        if taken.peak >= CROWD && taken.total <= taken.peak / 4 {
            taken.peak = taken.total;
            self.slots.dispersed.notify_one();
        }
        if let Some(from_address) = taken.by_address.get_mut(&self.address) {
            *from_address -= 1;
            if *from_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

    #[test]
    fn the_cap_per_address_leaves_room_for_others() {
        let slots = Slots::new(Caps {
            total: 3,
            per_address: 2,
        });
        let first = slots.take(HERE).unwrap();
        let _second = slots.take(HERE).unwrap();
        assert_eq!(slots.take(HERE).unwrap_err(), Refusal::TooManyFromAddress);
        let _other = slots.take(THERE).unwrap();
        assert_eq!(slots.take(THERE).unwrap_err(), Refusal::TooMany);
        drop(first);
        assert!(slots.take(HERE).is_ok());
    }

    #[tokio::test]
    async fn a_crowd_that_has_gone_is_told_of_once_and_a_few_are_no_crowd() {
        let slots = Slots::new(Caps {
            total: 2 * CROWD,
            per_address: 2 * CROWD,
        });
        let told = || futures_util::FutureExt::now_or_never(slots.dispersed()).is_some();
        let mut few: Vec<Slot> = (1..CROWD).map(|_| slots.take(HERE).unwrap()).collect();
        few.clear();
        assert!(!told());
        let mut crowd: Vec<Slot> = (0..CROWD).map(|_| slots.take(HERE).unwrap()).collect();
        crowd.truncate(CROWD / 4 + 1);
        assert!(!told());
        crowd.pop();
        assert!(told());
        crowd.clear();
        assert!(!told());
    }

    #[test]
    fn an_address_that_left_leaves_no_entry_behind() {
        let slots = Slots::new(Caps {
            total: 3,
            per_address: 2,
        });
        drop(slots.take(HERE).unwrap());
        assert!(slots.lock().by_address.is_empty());
        assert_eq!(slots.lock().total, 0);
    }
}

//! Caps on connections: overall and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

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
        }
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

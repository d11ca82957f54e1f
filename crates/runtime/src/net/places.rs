//! Places for what may be under way at once, of which no crowd from a few addresses takes the last.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many places for calls or requests. Every clone counts into the same ones.
#[derive(Clone, Debug)]
pub struct Places {
    most: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<Option<IpAddr>, usize>,
}

/// Of the last quarter an address gets a place while it has fewer than one of so many parts of what is
/// left, or none. The fewer are left, the fewer it may have: also a crowd from many addresses stops before
/// the end.
const PARTS: usize = 16;

/// One of them, given back when dropped.
#[derive(Debug)]
pub struct Place {
    places: Places,
    address: Option<IpAddr>,
}

impl Places {
    /// As many places as this, all free.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            taken: Arc::default(),
        }
    }

    /// A place for what this address asks for, if there is one for it. All whose address is not known
    /// count as one.
    pub fn take(&self, address: impl Into<Option<IpAddr>>) -> Option<Place> {
        let address = address.into();
        let mut taken = self.lock();
        let left = self.most.saturating_sub(taken.total);
        let own = taken.by_address.get(&address).copied().unwrap_or_default();
        if own >= self.share(left) {
            return None;
        }
        taken.by_address.insert(address, own + 1);
        taken.total += 1;
        Some(Place {
            places: self.clone(),
            address,
        })
    }

    /// How many an address must have to get none of those that are left.
    fn share(&self, left: usize) -> usize {
        match left {
            0 => 0,
            left if left > self.most / 4 => usize::MAX,
            left => (left / PARTS).max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.total -= 1;
        if let Some(own) = taken.by_address.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x7f00_0001 + number).into()
    }

    /// As many as these addresses get, who ask in turns until none gets another.
    fn crowd(places: &Places, addresses: u32) -> Vec<Place> {
        let mut all = Vec::new();
        loop {
            let before = all.len();
            all.extend((1..=addresses).filter_map(|number| places.take(address(number))));
            if all.len() == before {
                return all;
            }
        }
    }

    #[test]
    fn a_crowd_from_one_address_leaves_the_last_quarter_to_others() {
        let places = Places::new(2000);
        let crowd = crowd(&places, 1);
        assert_eq!(crowd.len(), 1500);
        let other: Vec<_> = (0..99).map_while(|_| places.take(address(0))).collect();
        assert_eq!(other.len(), 29);
        drop((crowd, other));
        assert!(places.lock().by_address.is_empty());
        assert_eq!(places.lock().total, 0);
    }

    #[test]
    fn a_crowd_from_many_addresses_leaves_places_to_who_has_none() {
        for addresses in [2, 20, 100, 400] {
            let places = Places::new(2000);
            // Some of them have taken three quarters, and the others come when nothing else is left.
            let first = crowd(&places, 1);
            let others = crowd(&places, addresses);
            let left = 2000 - first.len() - others.len();
            assert!(left > 0, "{addresses}");
            assert!(places.take(address(0)).is_some(), "{addresses}");
        }
    }

    #[test]
    fn every_place_is_taken_by_as_many_addresses_and_no_more() {
        let places = Places::new(16);
        let all: Vec<_> = (0..16).map(|number| places.take(address(number))).collect();
        assert!(all.iter().all(Option::is_some));
        assert!(places.take(address(16)).is_none());
        assert!(!places.lock().by_address.contains_key(&Some(address(16))));
        drop(all);
        assert!(places.take(address(16)).is_some());
    }

    #[test]
    fn who_gives_one_place_of_many_back_gets_one_again_and_no_more() {
        let places = Places::new(2000);
        let mut crowd = crowd(&places, 1);
        crowd.pop();
        crowd.extend(places.take(address(1)));
        assert_eq!(crowd.len(), 1500);
        assert!(places.take(address(1)).is_none());
    }

    #[test]
    fn all_whose_address_is_not_known_count_as_one() {
        let places = Places::new(2000);
        let unknown: Vec<_> = (0..2000).map_while(|_| places.take(None)).collect();
        assert_eq!(unknown.len(), 1500);
        assert!(places.take(address(0)).is_some());
    }

    #[test]
    fn one_place_is_one_place() {
        let places = Places::new(1);
        let place = places.take(address(0));
        assert!(place.is_some() && places.take(address(0)).is_none());
        drop(place);
        assert!(places.take(address(0)).is_some());
    }
}

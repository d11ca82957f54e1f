//! The entries that peers have not acknowledged yet, in order and within bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Entry;

/// The own entries that at least one peer has not acknowledged.
///
/// All peers share them; each has its own sequence number up to which it has acknowledged. Entries that
/// every peer has acknowledged are dropped, so the slowest peer fills the bounds.
#[derive(Debug)]
pub struct Outbox {
    bounds: Bounds,
    bytes: usize,
    entries: VecDeque<Arc<Entry>>,
    /// The sequence number of the last entry ever added.
    last: u64,
    peers: Vec<Peer>,
}

/// How much may wait for a peer.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In number.
    pub entries: usize,
    /// In bytes, roughly.
    pub bytes: usize,
}

#[derive(Debug)]
struct Peer {
    name: String,
    /// The last sequence number that it has acknowledged; none while that is not known.
    acknowledged: Option<u64>,
}

impl Outbox {
    /// Nothing waits yet for these peers.
    pub fn new(bounds: Bounds, peers: impl IntoIterator<Item = String>) -> Self {
        let peers = peers.into_iter().map(|name| Peer {
            name,
            acknowledged: None,
        });
        Self {
            bounds,
            bytes: 0,
            entries: VecDeque::new(),
            last: 0,
            peers: peers.collect(),
        }
    }

    /// Whether anybody is to be sent anything.
    pub fn has_peers(&self) -> bool {
        !self.peers.is_empty()
    }

    /// Whether an entry of this weight may be added.
    pub fn has_room(&self, weight: usize) -> bool {
        self.entries.len() < self.bounds.entries && self.bytes + weight <= self.bounds.bytes
    }

    /// The sequence number of the last entry.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Continues after this sequence number, whose entries are gone.
    pub fn start_after(&mut self, sequence: u64) {
        self.last = self.last.max(sequence);
    }

    /// New peers are sent what comes from now on, and nothing before.
    pub fn start_new_peers(&mut self) {
        let last = self.last;
        for peer in &mut self.peers {
            peer.acknowledged.get_or_insert(last);
        }
        self.trim();
    }

    /// Adds an own entry that has a sequence number.
    pub fn push(&mut self, entry: Arc<Entry>) {
        let Some(sequence) = entry.sequence() else {
            return;
        };
        self.last = self.last.max(sequence);
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        self.trim();
    }

    /// The first entry after this number.
    pub fn next(&self, after: u64) -> Option<Arc<Entry>> {
        let at = self
            .entries
            .partition_point(|entry| entry.sequence() <= Some(after));
        self.entries.get(at).cloned()
    }

    /// A peer acknowledges everything up to this sequence number. False where there is no such peer.
    pub fn acknowledge(&mut self, name: &str, through: u64) -> bool {
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.name == name) else {
            return false;
        };
        peer.acknowledged = peer.acknowledged.max(Some(through));
        self.trim();
        true
    }

    /// The last sequence number that a peer has acknowledged.
    pub fn acknowledged(&self, name: &str) -> u64 {
        let peer = self.peers.iter().find(|peer| peer.name == name);
        peer.and_then(|peer| peer.acknowledged).unwrap_or_default()
    }

    /// How many entries wait for a peer.
    pub fn waiting(&self, name: &str) -> usize {
        let taken = self.acknowledged(name);
        let first = self
            .entries
            .partition_point(|entry| entry.sequence() <= Some(taken));
        self.entries.len() - first
    }

    /// All that wait for anybody, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// Every peer and the last sequence number that it has acknowledged, where that is known.
    pub fn peers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.peers
            .iter()
            .filter_map(|peer| Some((peer.name.as_str(), peer.acknowledged?)))
    }

    fn trim(&mut self) {
        // A peer of which nothing is known yet may have to be sent everything.
        let slowest = self
            .peers
            .iter()
            .map(|peer| peer.acknowledged.unwrap_or_default())
            .min()
            .unwrap_or(self.last);
        while let Some(oldest) = self.entries.front() {
            if oldest.sequence() > Some(slowest) {
                break;
            }
            self.bytes -= oldest.weight();
            self.entries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Event, Source, Token, TraceContext};

    const BOUNDS: Bounds = Bounds {
        entries: 3,
        bytes: 10_000,
    };

    fn entry(number: u64) -> Arc<Entry> {
        Arc::new(Entry {
            cursor: number + 100,
            id: Token::random(),
            event: Event::Notice {
                text: "x".to_owned(),
            },
            source: Source::Own {
                session: Token::random(),
                sequence: Some(number),
            },
            at: 0,
            trace: TraceContext::default(),
        })
    }

    fn outbox(peers: &[&str], entries: u64) -> Outbox {
        let mut outbox = Outbox::new(BOUNDS, peers.iter().map(|&name| name.to_owned()));
        outbox.start_new_peers();
        (1..=entries).for_each(|number| outbox.push(entry(number)));
        outbox
    }

    #[test]
    fn entries_wait_in_order_until_they_are_acknowledged() {
        let mut outbox = outbox(&["b"], 3);
        assert_eq!(outbox.next(0).unwrap().sequence(), Some(1));
        assert_eq!(outbox.next(1).unwrap().sequence(), Some(2));
        assert!(outbox.next(3).is_none());
        assert!(outbox.acknowledge("b", 2));
        assert_eq!((outbox.waiting("b"), outbox.entries().count()), (1, 1));
        assert_eq!(outbox.next(2).unwrap().sequence(), Some(3));
    }

    #[test]
    fn the_slowest_peer_decides_what_is_kept() {
        let mut outbox = outbox(&["b", "c"], 3);
        outbox.acknowledge("b", 3);
        assert_eq!((outbox.waiting("b"), outbox.waiting("c")), (0, 3));
        assert!(!outbox.has_room(1));
        outbox.acknowledge("c", 1);
        assert!(outbox.has_room(1));
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        assert!(outbox(&["b"], 2).has_room(1));
        assert!(!outbox(&["b"], 3).has_room(1));
        assert!(!outbox(&["b"], 0).has_room(10_001));
    }

    #[test]
    fn an_old_acknowledgement_takes_nothing_back() {
        let mut outbox = outbox(&["b"], 3);
        outbox.acknowledge("b", 3);
        outbox.acknowledge("b", 1);
        assert_eq!(outbox.acknowledged("b"), 3);
    }

    #[test]
    fn nothing_is_kept_for_nobody_and_nobody_is_known_by_another_name() {
        let mut outbox = outbox(&[], 3);
        assert!(!outbox.has_peers() && outbox.entries().count() == 0);
        assert!(!outbox.acknowledge("b", 1));
    }

    #[test]
    fn a_peer_that_is_new_after_a_restart_is_sent_nothing_of_before() {
        let mut outbox = Outbox::new(BOUNDS, ["b".to_owned(), "new".to_owned()]);
        (1..=3).for_each(|number| outbox.push(entry(number)));
        outbox.acknowledge("b", 1);
        outbox.start_new_peers();
        assert_eq!((outbox.waiting("b"), outbox.waiting("new")), (2, 0));
    }

    #[test]
    fn numbers_go_on_after_those_of_before_and_never_back() {
        let mut outbox = outbox(&["b"], 3);
        outbox.start_after(7);
        assert_eq!(outbox.last(), 7);
        outbox.start_after(2);
        assert_eq!(outbox.last(), 7);
    }

    #[test]
    fn what_is_acknowledged_gives_its_bytes_back() {
        let weight = entry(1).weight();
        let bounds = Bounds {
            entries: 9,
            bytes: weight * 2,
        };
        let mut outbox = Outbox::new(bounds, ["b".to_owned()]);
        outbox.push(entry(1));
        assert!(outbox.has_room(weight) && !outbox.has_room(weight + 1));
        outbox.push(entry(2));
        assert!(!outbox.has_room(1));
        outbox.acknowledge("b", 1);
        assert!(outbox.has_room(weight) && !outbox.has_room(weight + 1));
        outbox.acknowledge("b", 2);
        assert!(outbox.has_room(weight * 2));
    }
}

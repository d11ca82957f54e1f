//! What the peers have yet to take, in order and within bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Entry;

/// The own entries that at least one peer has not taken.
///
/// All peers share them; each has its own place. What the slowest has taken is dropped, so that
/// the bounds are those of the slowest.
#[derive(Debug)]
pub struct Outbox {
    bounds: Bounds,
    bytes: usize,
    letters: VecDeque<Arc<Entry>>,
    /// The sequence number of the last entry ever added.
    last: u64,
    peers: Vec<Peer>,
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In number.
    pub letters: usize,
    /// In bytes, roughly.
    pub bytes: usize,
}

#[derive(Debug)]
struct Peer {
    name: String,
    /// The last number that it has taken; none while that is not known.
    taken: Option<u64>,
}

impl Outbox {
    /// Nothing waits yet for these peers.
    pub fn new(bounds: Bounds, peers: impl IntoIterator<Item = String>) -> Self {
        let peers = peers.into_iter().map(|name| Peer { name, taken: None });
        Self {
            bounds,
            bytes: 0,
            letters: VecDeque::new(),
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
        self.letters.len() < self.bounds.letters && self.bytes + weight <= self.bounds.bytes
    }

    /// The sequence number of the last entry.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Counts on from here: what was before is kept nowhere.
    pub fn begin_after(&mut self, sequence: u64) {
        self.last = self.last.max(sequence);
    }

    /// Peers that nothing is known of are sent what comes from now on, and nothing before.
    pub fn begin_with_new_peers(&mut self) {
        let last = self.last;
        for peer in &mut self.peers {
            peer.taken.get_or_insert(last);
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
        self.letters.push_back(entry);
        self.trim();
    }

    /// The first entry after this number.
    pub fn next(&self, after: u64) -> Option<Arc<Entry>> {
        let at = self
            .letters
            .partition_point(|entry| entry.sequence() <= Some(after));
        self.letters.get(at).cloned()
    }

    /// A peer has taken everything up to this number. False where there is no such peer.
    pub fn taken_by(&mut self, name: &str, through: u64) -> bool {
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.name == name) else {
            return false;
        };
        peer.taken = peer.taken.max(Some(through));
        self.trim();
        true
    }

    /// The last number that a peer has taken.
    pub fn taken(&self, name: &str) -> u64 {
        let peer = self.peers.iter().find(|peer| peer.name == name);
        peer.and_then(|peer| peer.taken).unwrap_or_default()
    }

    /// How many entries wait for a peer.
    pub fn waiting(&self, name: &str) -> usize {
        let taken = self.taken(name);
        let first = self
            .letters
            .partition_point(|entry| entry.sequence() <= Some(taken));
        self.letters.len() - first
    }

    /// All that wait for anybody, oldest first.
    pub fn letters(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.letters.iter()
    }

    /// Every peer and the last number that it has taken, where that is known.
    pub fn peers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.peers
            .iter()
            .filter_map(|peer| Some((peer.name.as_str(), peer.taken?)))
    }

    fn trim(&mut self) {
        // A peer of which nothing is known yet may have to be sent everything.
        let slowest = self
            .peers
            .iter()
            .map(|peer| peer.taken.unwrap_or_default())
            .min()
            .unwrap_or(self.last);
        while let Some(oldest) = self.letters.front() {
            if oldest.sequence() > Some(slowest) {
                break;
            }
            self.bytes -= oldest.weight();
            self.letters.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Source, Token, TraceContext, What};

    const BOUNDS: Bounds = Bounds {
        letters: 3,
        bytes: 10_000,
    };

    fn letter(number: u64) -> Arc<Entry> {
        Arc::new(Entry {
            cursor: number + 100,
            id: Token::random(),
            what: What::Notice {
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

    fn outbox(peers: &[&str], letters: u64) -> Outbox {
        let mut outbox = Outbox::new(BOUNDS, peers.iter().map(|&name| name.to_owned()));
        outbox.begin_with_new_peers();
        (1..=letters).for_each(|number| outbox.push(letter(number)));
        outbox
    }

    #[test]
    fn letters_wait_in_order_until_they_are_taken() {
        let mut outbox = outbox(&["b"], 3);
        assert_eq!(outbox.next(0).unwrap().sequence(), Some(1));
        assert_eq!(outbox.next(1).unwrap().sequence(), Some(2));
        assert!(outbox.next(3).is_none());
        assert!(outbox.taken_by("b", 2));
        assert_eq!((outbox.waiting("b"), outbox.letters().count()), (1, 1));
        assert_eq!(outbox.next(2).unwrap().sequence(), Some(3));
    }

    #[test]
    fn the_slowest_peer_decides_what_is_kept() {
        let mut outbox = outbox(&["b", "c"], 3);
        outbox.taken_by("b", 3);
        assert_eq!((outbox.waiting("b"), outbox.waiting("c")), (0, 3));
        assert!(!outbox.has_room(1));
        outbox.taken_by("c", 1);
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
        outbox.taken_by("b", 3);
        outbox.taken_by("b", 1);
        assert_eq!(outbox.taken("b"), 3);
    }

    #[test]
    fn nothing_is_kept_for_nobody_and_nobody_is_known_by_another_name() {
        let mut outbox = outbox(&[], 3);
        assert!(!outbox.has_peers() && outbox.letters().count() == 0);
        assert!(!outbox.taken_by("b", 1));
    }

    #[test]
    fn a_peer_that_is_new_after_a_restart_is_sent_nothing_of_before() {
        let mut outbox = Outbox::new(BOUNDS, ["b".to_owned(), "new".to_owned()]);
        (1..=3).for_each(|number| outbox.push(letter(number)));
        outbox.taken_by("b", 1);
        outbox.begin_with_new_peers();
        assert_eq!((outbox.waiting("b"), outbox.waiting("new")), (2, 0));
    }
}

//! What was taken of each peer, so that nothing is taken twice.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Token;

/// The last sequence number taken of each origin and epoch.
///
/// A peer sends in order and one at a time, so that one number says it all. The origins that were
/// heard of longest ago are forgotten beyond a bound.
#[derive(Debug)]
pub struct Taken {
    max: usize,
    clock: u64,
    last: HashMap<(Token, Token), Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    sequence: u64,
    used: u64,
}

/// One origin's line in a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOf {
    /// The service.
    pub origin: Token,
    /// Its epoch.
    pub epoch: Token,
    /// The last number taken.
    pub sequence: u64,
}

impl Taken {
    /// Nothing taken yet; at most so many origins are remembered.
    pub fn new(max: usize) -> Self {
        Self {
            max: max.max(1),
            clock: 0,
            last: HashMap::new(),
        }
    }

    /// The last number taken; 0 before the first.
    pub fn last(&self, origin: &Token, epoch: &Token) -> u64 {
        let last = self.last.get(&(origin.clone(), epoch.clone()));
        last.map_or(0, |last| last.sequence)
    }

    /// Whether this number, or a later one, was taken before.
    pub fn has(&self, origin: &Token, epoch: &Token, sequence: u64) -> bool {
        sequence <= self.last(origin, epoch)
    }

    /// Remembers that this number was taken.
    pub fn take(&mut self, of: &TakenOf) {
        self.clock += 1;
        let key = (of.origin.clone(), of.epoch.clone());
        if !self.last.contains_key(&key) && self.last.len() >= self.max {
            self.forget_oldest();
        }
        let last = self.last.entry(key).or_insert(Last {
            sequence: 0,
            used: 0,
        });
        last.sequence = last.sequence.max(of.sequence);
        last.used = self.clock;
    }

    /// All that is remembered, the longest unheard of first.
    pub fn snapshot(&self) -> Vec<TakenOf> {
        let mut all: Vec<_> = self.last.iter().collect();
        all.sort_by_key(|(_, last)| last.used);
        let line = |((origin, epoch), last): (&(Token, Token), &Last)| TakenOf {
            origin: origin.clone(),
            epoch: epoch.clone(),
            sequence: last.sequence,
        };
        all.into_iter().map(line).collect()
    }

    fn forget_oldest(&mut self) {
        let oldest = self
            .last
            .iter()
            .min_by_key(|(_, last)| last.used)
            .map(|(key, _)| key.clone());
        if let Some(key) = oldest {
            self.last.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(origin: &str, epoch: &str, sequence: u64) -> TakenOf {
        let token = |text| Token::parse(text).unwrap();
        TakenOf {
            origin: token(origin),
            epoch: token(epoch),
            sequence,
        }
    }

    fn has(taken: &Taken, of: &TakenOf) -> bool {
        taken.has(&of.origin, &of.epoch, of.sequence)
    }

    #[test]
    fn a_number_is_taken_once_and_so_are_all_before_it() {
        let mut taken = Taken::new(10);
        assert!(!has(&taken, &of("a", "e", 1)));
        taken.take(&of("a", "e", 3));
        assert!(has(&taken, &of("a", "e", 3)) && has(&taken, &of("a", "e", 2)));
        assert!(!has(&taken, &of("a", "e", 4)));
    }

    #[test]
    fn origins_and_epochs_count_apart() {
        let mut taken = Taken::new(10);
        taken.take(&of("a", "e", 3));
        assert!(!has(&taken, &of("b", "e", 1)) && !has(&taken, &of("a", "f", 1)));
    }

    #[test]
    fn the_origin_unheard_of_for_longest_is_forgotten_first() {
        let mut taken = Taken::new(2);
        for of in [
            of("a", "e", 1),
            of("b", "e", 1),
            of("a", "e", 2),
            of("c", "e", 1),
        ] {
            taken.take(&of);
        }
        assert_eq!(taken.snapshot(), [of("a", "e", 2), of("c", "e", 1)]);
    }
}

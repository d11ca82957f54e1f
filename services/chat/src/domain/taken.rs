//! What was taken before, so that nothing is taken twice: the ids of clients' messages, and the
//! sequence numbers of peers.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Token;

/// Session and id of the last messages, and the cursors that they got.
#[derive(Debug)]
pub struct IdempotencyCache {
    max: usize,
    cursors: HashMap<(Token, Token), u64>,
    order: VecDeque<(Token, Token)>,
}

impl IdempotencyCache {
    /// Remembers at most `max` messages.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            cursors: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The cursor that this message of this session got.
    pub fn cursor(&self, session: &Token, id: &Token) -> Option<u64> {
        self.cursors.get(&(session.clone(), id.clone())).copied()
    }

    /// Remembers a message.
    pub fn insert(&mut self, session: Token, id: Token, cursor: u64) {
        let key = (session, id);
        if self.cursors.insert(key.clone(), cursor).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.cursors.remove(&oldest);
            }
        }
    }
}

/// The last sequence number taken of each origin and epoch.
///
/// A peer sends in order and one at a time, so one number is enough. Beyond a bound, the origin that
/// was silent for longest is forgotten.
#[derive(Debug)]
pub struct Watermarks {
    max: usize,
    clock: u64,
    last: HashMap<(Token, Token), Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    sequence: u64,
    used: u64,
}

/// The last sequence number taken from one origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The service.
    pub origin: Token,
    /// Its epoch.
    pub epoch: Token,
    /// The last number taken.
    pub sequence: u64,
}

impl Watermarks {
    /// Remembers at most `max` origins.
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
    pub fn covers(&self, origin: &Token, epoch: &Token, sequence: u64) -> bool {
        sequence <= self.last(origin, epoch)
    }

    /// Remembers a sequence number as taken.
    pub fn advance(&mut self, of: &Watermark) {
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

    /// All that is remembered, the longest silent first.
    pub fn snapshot(&self) -> Vec<Watermark> {
        let mut all: Vec<_> = self.last.iter().collect();
        all.sort_by_key(|(_, last)| last.used);
        let line = |((origin, epoch), last): (&(Token, Token), &Last)| Watermark {
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

    #[test]
    fn an_id_counts_within_its_session_and_the_oldest_is_forgotten() {
        let token = |text| Token::parse(text).unwrap();
        let mut recent = IdempotencyCache::new(2);
        recent.insert(token("s"), token("1"), 7);
        assert_eq!(recent.cursor(&token("s"), &token("1")), Some(7));
        assert_eq!(recent.cursor(&token("t"), &token("1")), None);
        recent.insert(token("s"), token("2"), 8);
        recent.insert(token("s"), token("2"), 8);
        assert_eq!(recent.cursor(&token("s"), &token("1")), Some(7));
        recent.insert(token("s"), token("3"), 9);
        assert_eq!(recent.cursor(&token("s"), &token("1")), None);
        assert_eq!(recent.cursor(&token("s"), &token("3")), Some(9));
    }

    fn of(origin: &str, epoch: &str, sequence: u64) -> Watermark {
        let token = |text| Token::parse(text).unwrap();
        Watermark {
            origin: token(origin),
            epoch: token(epoch),
            sequence,
        }
    }

    fn has(watermarks: &Watermarks, of: &Watermark) -> bool {
        watermarks.covers(&of.origin, &of.epoch, of.sequence)
    }

    #[test]
    fn a_number_is_taken_once_and_so_are_all_before_it() {
        let mut watermarks = Watermarks::new(10);
        assert!(!has(&watermarks, &of("a", "e", 1)));
        watermarks.advance(&of("a", "e", 3));
        assert!(has(&watermarks, &of("a", "e", 3)) && has(&watermarks, &of("a", "e", 2)));
        assert!(!has(&watermarks, &of("a", "e", 4)));
    }

    #[test]
    fn origins_and_epochs_count_apart() {
        let mut watermarks = Watermarks::new(10);
        watermarks.advance(&of("a", "e", 3));
        assert!(!has(&watermarks, &of("b", "e", 1)) && !has(&watermarks, &of("a", "f", 1)));
    }

    #[test]
    fn the_origin_unheard_of_for_longest_is_forgotten_first() {
        let mut watermarks = Watermarks::new(2);
        for of in [
            of("a", "e", 1),
            of("b", "e", 1),
            of("a", "e", 2),
            of("c", "e", 1),
        ] {
            watermarks.advance(&of);
        }
        assert_eq!(watermarks.snapshot(), [of("a", "e", 2), of("c", "e", 1)]);
    }

    #[test]
    fn origins_are_listed_from_the_longest_silent_to_the_last_heard() {
        let mut watermarks = Watermarks::new(20);
        let said: Vec<_> = (0..10).map(|n| of(&format!("o{n}"), "e", 1)).collect();
        for of in said.iter().rev().chain(&said) {
            watermarks.advance(of);
        }
        assert_eq!(watermarks.snapshot(), said);
    }
}

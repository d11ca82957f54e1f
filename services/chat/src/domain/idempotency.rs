//! The ids of the last messages, so that a message which is sent again is taken once.

use std::collections::{HashMap, VecDeque};

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
}

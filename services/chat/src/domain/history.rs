//! The last entries, for those who come back.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Entry;

/// The last entries of a log, bounded in number and bytes.
#[derive(Debug)]
pub struct History {
    max_entries: usize,
    max_bytes: usize,
    bytes: usize,
    entries: VecDeque<Arc<Entry>>,
    /// The cursor of the last entry ever added, even where it is not kept.
    last: u64,
}

/// What somebody who comes back gets.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumed {
    /// Whether nothing is missing between the cursor asked for and the entries.
    pub recovered: bool,
    /// The entries to send.
    pub entries: Vec<Arc<Entry>>,
}

impl History {
    /// An empty history that keeps at most so much.
    pub fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self {
            max_entries,
            max_bytes,
            bytes: 0,
            entries: VecDeque::new(),
            last: 0,
        }
    }

    /// The cursor of the last entry; 0 before the first.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Says where the log stands though nothing of it is kept here.
    pub fn start_after(&mut self, cursor: u64) {
        self.last = self.last.max(cursor);
    }

    /// Entries before this one are missing: what came before them is of no use to anybody.
    pub fn skip_to(&mut self, cursor: u64) {
        self.entries.clear();
        self.bytes = 0;
        self.last = cursor.saturating_sub(1);
    }

    /// Adds the next entry, and forgets the oldest ones beyond the bounds.
    pub fn push(&mut self, entry: Arc<Entry>) {
        self.last = entry.cursor;
        self.bytes += entry.weight();
        self.entries.push_back(entry);
        while self.entries.len() > self.max_entries || self.bytes > self.max_bytes {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes -= oldest.weight();
        }
    }

    /// All that is kept, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// The last entries for a newcomer.
    pub fn tail(&self, count: usize) -> Vec<Arc<Entry>> {
        let skipped = self.entries.len().saturating_sub(count);
        self.entries.iter().skip(skipped).cloned().collect()
    }

    /// What came after a cursor of this log's epoch, or all that is kept where that is not known.
    pub fn resume(&self, same_epoch: bool, cursor: u64) -> Resumed {
        let from = if same_epoch { cursor } else { 0 };
        let kept = self.entries.partition_point(|entry| entry.cursor <= from);
        let entries: Vec<_> = self.entries.iter().skip(kept).cloned().collect();
        // Cursors have no gaps, so that what was forgotten shows in the first one kept. A cursor
        // from the future is one that another replica gave: this one will come to it.
        let first_kept = entries.first().map_or(self.last + 1, |entry| entry.cursor);
        Resumed {
            recovered: same_epoch && first_kept <= from + 1,
            entries,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Event, Source, Token, TraceContext};

    fn entry(cursor: u64) -> Arc<Entry> {
        Arc::new(Entry {
            cursor,
            id: Token::random(),
            event: Event::Notice {
                text: "x".to_owned(),
            },
            source: Source::Original,
            at: 0,
            trace: TraceContext::default(),
        })
    }

    fn filled(count: u64, kept: usize) -> History {
        let mut history = History::new(kept, usize::MAX);
        (1..=count).for_each(|cursor| history.push(entry(cursor)));
        history
    }

    fn cursors(entries: &[Arc<Entry>]) -> Vec<u64> {
        entries.iter().map(|entry| entry.cursor).collect()
    }

    #[test]
    fn who_comes_back_in_time_misses_nothing() {
        let resumed = filled(10, 5).resume(true, 7);
        assert!(resumed.recovered);
        assert_eq!(cursors(&resumed.entries), [8, 9, 10]);
    }

    #[test]
    fn who_comes_back_too_late_is_told_and_gets_what_is_kept() {
        let resumed = filled(10, 5).resume(true, 4);
        assert!(!resumed.recovered);
        assert_eq!(cursors(&resumed.entries), [6, 7, 8, 9, 10]);
    }

    #[test]
    fn a_cursor_of_another_epoch_recovers_nothing_whatever_it_is() {
        for cursor in [0, 5, 10, 99] {
            let resumed = filled(10, 5).resume(false, cursor);
            assert!(!resumed.recovered);
            assert_eq!(resumed.entries.len(), 5);
        }
    }

    #[test]
    fn who_missed_nothing_gets_nothing() {
        let resumed = filled(10, 5).resume(true, 10);
        assert_eq!((resumed.recovered, resumed.entries.len()), (true, 0));
    }

    #[test]
    fn a_log_that_keeps_nothing_cannot_claim_that_nothing_was_missed() {
        assert!(!filled(3, 0).resume(true, 2).recovered);
        assert!(filled(3, 0).resume(true, 3).recovered);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut history = History::new(usize::MAX, entry(1).weight() * 3);
        (1..=10).for_each(|cursor| history.push(entry(cursor)));
        assert_eq!(history.entries().count(), 3);
    }

    #[test]
    fn a_log_stands_where_it_was_said_to_and_never_goes_back() {
        let mut history = filled(3, 5);
        history.start_after(7);
        assert_eq!(history.last(), 7);
        history.start_after(2);
        assert_eq!(history.last(), 7);
    }

    #[test]
    fn what_was_skipped_is_not_recovered_and_what_follows_is() {
        let mut history = History::new(9, entry(1).weight() * 2);
        (1..=2).for_each(|cursor| history.push(entry(cursor)));
        history.skip_to(8);
        assert_eq!((history.last(), history.entries().count()), (7, 0));
        (8..=9).for_each(|cursor| history.push(entry(cursor)));
        assert!(!history.resume(true, 2).recovered);
        let resumed = history.resume(true, 7);
        assert!(resumed.recovered);
        assert_eq!(cursors(&resumed.entries), [8, 9]);
    }

    #[test]
    fn a_newcomer_gets_the_last_entries() {
        assert_eq!(cursors(&filled(5, 9).tail(2)), [4, 5]);
        assert_eq!(cursors(&filled(2, 9).tail(3)), [1, 2]);
        assert!(filled(2, 9).tail(0).is_empty());
    }

    proptest! {
        #[test]
        fn recovered_means_that_the_entries_follow_without_a_gap(count in 0_u64..40, kept in 0_usize..40, cursor in 0_u64..40) {
            let history = filled(count, kept);
            let resumed = history.resume(true, cursor);
            let expected: Vec<u64> = (cursor + 1..=count).collect();
            prop_assert_eq!(resumed.recovered, cursors(&resumed.entries) == expected);
        }
    }
}

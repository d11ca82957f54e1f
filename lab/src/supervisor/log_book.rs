//! The latest lines of every process, for the page.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::lines::Stream;
use crate::clock::now_millis;

/// The latest lines. Every clone is the same book.
#[derive(Clone, Debug, Default)]
pub struct LogBook(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    /// How many came before the oldest that is kept.
    gone: u64,
    bytes: usize,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogLine {
    /// How many came before it.
    pub number: u64,
    /// When it came, in milliseconds since 1970.
    pub time: u64,
    /// Whose it is.
    pub service: Cow<'static, str>,
    /// `error`, `warn`, `info`, `debug` or `trace`; `out` for a program's answers.
    pub level: &'static str,
    /// What it says.
    pub text: String,
    /// The trace that it belongs to, if it names one.
    pub trace: Option<String>,
}

/// How much is kept.
const MOST_LINES: usize = 5_000;
const MOST_BYTES: usize = 4 << 20;

impl LogBook {
    /// Writes a line down.
    pub(super) fn add(&self, service: &'static str, stream: Stream, text: &str) {
        let mut lines = self.lock();
        let line = LogLine {
            number: lines.gone + lines.kept.len() as u64,
            time: now_millis(),
            service: service.into(),
            level: level(stream, text),
            trace: trace_of(text).map(str::to_owned),
            text: text.to_owned(),
        };
        lines.bytes += line.text.len();
        lines.kept.push_back(line);
        while lines.kept.len() > MOST_LINES || lines.bytes > MOST_BYTES {
            let Some(oldest) = lines.kept.pop_front() else {
                break;
            };
            lines.bytes -= oldest.text.len();
            lines.gone += 1;
        }
    }

    /// The newest `limit` lines from this number on that are meant, oldest first.
    pub fn lines(&self, from: u64, limit: usize, means: impl Fn(&LogLine) -> bool) -> Vec<LogLine> {
        let lines = self.lock();
        let skipped = usize::try_from(from.saturating_sub(lines.gone)).unwrap_or(usize::MAX);
        let newer = lines.kept.iter().skip(skipped).rev();
        let mut found: Vec<_> = newer
            .filter(|line| means(line))
            .take(limit)
            .cloned()
            .collect();
        found.reverse();
        found
    }

    /// The number that the next line gets.
    pub fn next(&self) -> u64 {
        let lines = self.lock();
        lines.gone + lines.kept.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn level(stream: Stream, text: &str) -> &'static str {
    match stream {
        Stream::Out => "out",
        Stream::Err => level_of(text),
    }
}

/// The level that a line of a log names near its beginning, in either format.
pub(crate) fn level_of(text: &str) -> &'static str {
    const LEVELS: [(&str, &str); 5] = [
        ("ERROR", "error"),
        ("WARN", "warn"),
        ("INFO", "info"),
        ("DEBUG", "debug"),
        ("TRACE", "trace"),
    ];
    let mut words = text.split([' ', '"']).filter(|word| !word.is_empty());
    let named = words
        .by_ref()
        .take(12)
        .find_map(|word| LEVELS.iter().find(|(name, _)| *name == word));
    named.map_or("info", |(_, level)| level)
}

/// The id after `trace_id`, in either format.
pub(crate) fn trace_of(text: &str) -> Option<&str> {
    const LENGTH: usize = 32;
    let after = text.split_once("trace_id")?.1;
    let start = after.find(|c: char| c.is_ascii_hexdigit())?;
    let id = after[start..].get(..LENGTH)?;
    id.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "626983fe7678481158f4e812dcd882e4";

    #[test]
    fn level_and_trace_are_read_from_both_formats() {
        let text = format!("2026-11-27T19:40:13.6Z  WARN readiness ready=true trace_id={ID}");
        let json = format!(r#"{{"timestamp":"2026","level":"ERROR","trace_id":"{ID}"}}"#);
        for (line, expected) in [
            (text.as_str(), ("warn", Some(ID))),
            (&json, ("error", Some(ID))),
            ("no log at all", ("info", None)),
            ("trace_id=12", ("info", None)),
        ] {
            assert_eq!(
                (level(Stream::Err, line), trace_of(line)),
                expected,
                "{line}"
            );
        }
        assert_eq!(level(Stream::Out, "INFO"), "out");
    }

    #[test]
    fn old_lines_go_and_numbers_stay() {
        let book = LogBook::default();
        for number in 0..MOST_LINES + 10 {
            book.add("a", Stream::Out, &number.to_string());
        }
        let newest = book.lines(0, 2, |_| true);
        let newest: Vec<_> = newest.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(newest, ["5008", "5009"]);
        let oldest = book.lines(0, usize::MAX, |_| true);
        assert_eq!((oldest.len(), oldest[0].number), (MOST_LINES, 10));
        assert_eq!(book.lines(5_009, 9, |_| true).len(), 1);
        assert_eq!(
            (book.next(), book.lines(9_999, 9, |_| true)),
            (5_010, vec![])
        );
    }

    #[test]
    fn long_lines_go_by_their_bytes() {
        let book = LogBook::default();
        let long = "x".repeat(MOST_BYTES / 4);
        let first = || book.lines(0, usize::MAX, |_| true)[0].number;
        for _ in 0..4 {
            book.add("a", Stream::Out, &long);
        }
        assert_eq!(first(), 0, "they fill the room to the last");
        book.add("a", Stream::Out, "x");
        assert_eq!(first(), 1);
        for gone in 2..9 {
            book.add("a", Stream::Out, &long);
            assert_eq!(first(), gone);
        }
    }
}

//! The lines of every process.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Shown;
use crate::asked::Asked;
use crate::supervisor::log_book::LogLine;

/// Which lines somebody looks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WantedLines {
    /// From this number on.
    pub(crate) from: u64,
    pub(crate) limit: Option<usize>,
    pub(crate) service: String,
    /// This level and worse ones.
    level: String,
    text: String,
    trace: String,
}

/// From the worst to the least; what a program answers is no log and stands with `info`.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// More than that nobody reads at once.
pub(crate) const LINES: usize = 1_000;

impl WantedLines {
    /// Whether a line is looked for.
    pub(crate) fn means(&self, line: &LogLine) -> bool {
        let least = rank(&self.level);
        let text = self.text.to_lowercase();
        (self.service.is_empty() || self.service == line.service)
            && least.is_none_or(|least| rank(line.level) <= Some(least))
            && (self.trace.is_empty() || line.trace.as_ref() == Some(&self.trace))
            && (text.is_empty() || line.text.to_lowercase().contains(&text))
    }
}

pub(super) async fn lines(
    State(shown): State<Shown>,
    Asked(wanted): Asked<WantedLines>,
) -> Json<Value> {
    let limit = wanted.limit.unwrap_or(LINES).min(LINES);
    // The number first: a line that comes in between is given twice rather than never.
    let next = shown.logs.next();
    let lines = shown
        .logs
        .lines(wanted.from, limit, |line| wanted.means(line));
    Json(json!({ "lines": lines, "next": next }))
}

fn rank(level: &str) -> Option<usize> {
    let level = if level == "out" { "info" } else { level };
    LEVELS.iter().position(|known| *known == level)
}

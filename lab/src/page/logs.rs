//! The lines of every process.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Shown;
use crate::supervisor::log_book::LogLine;

/// Which lines somebody looks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WantedLines {
    /// From this number on.
    from: u64,
    limit: Option<usize>,
    service: String,
    /// This level and worse ones.
    level: String,
    text: String,
    trace: String,
}

/// From the worst to the least; what a program answers is no log and stands with `info`.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// More than that nobody reads at once.
const MOST: usize = 1_000;

pub(super) async fn lines(
    State(shown): State<Shown>,
    Query(wanted): Query<WantedLines>,
) -> Json<Value> {
    let text = wanted.text.to_lowercase();
    let least = rank(&wanted.level);
    let means = |line: &LogLine| {
        (wanted.service.is_empty() || wanted.service == line.service)
            && least.is_none_or(|least| rank(line.level) <= Some(least))
            && (wanted.trace.is_empty() || line.trace.as_ref() == Some(&wanted.trace))
            && (text.is_empty() || line.text.to_lowercase().contains(&text))
    };
    let limit = wanted.limit.unwrap_or(MOST).min(MOST);
    // The number first: a line that comes in between is given twice rather than never.
    let next = shown.logs.next();
    let lines = shown.logs.lines(wanted.from, limit, means);
    Json(json!({ "lines": lines, "next": next }))
}

fn rank(level: &str) -> Option<usize> {
    let level = if level == "out" { "info" } else { level };
    LEVELS.iter().position(|known| *known == level)
}

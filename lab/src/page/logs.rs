//! The lines of every process.

use axum::Json;
use axum::extract::State;
use opentelemetry::trace::TraceId;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::state::Shown;
use crate::asked::{self, Asked};
use crate::supervisor::log_book::LogLine;

/// Which lines somebody looks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WantedLines {
    /// From this number on.
    #[serde(deserialize_with = "asked::number")]
    pub(crate) from: Option<u64>,
    #[serde(deserialize_with = "asked::number")]
    pub(crate) limit: Option<usize>,
    pub(crate) service: String,
    /// The rank of this level, for it and worse ones; none for all.
    #[serde(deserialize_with = "least")]
    level: Option<usize>,
    text: String,
    #[serde(deserialize_with = "asked::trace")]
    trace: Option<TraceId>,
}

/// From the worst to the least; what a program answers is no log and stands with `info`.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// More than that nobody reads at once.
pub(crate) const LINES: usize = 1_000;

impl WantedLines {
    /// Whether a line is looked for.
    pub(crate) fn means(&self, line: &LogLine) -> bool {
        let text = self.text.to_lowercase();
        (self.service.is_empty() || self.service == line.service)
            && self
                .level
                .is_none_or(|least| rank(line.level) <= Some(least))
            && self
                .trace
                .is_none_or(|id| line.trace.as_ref() == Some(&id.to_string()))
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
        .lines(wanted.from.unwrap_or(0), limit, |line| wanted.means(line));
    Json(json!({ "lines": lines, "next": next }))
}

fn rank(level: &str) -> Option<usize> {
    let level = if level == "out" { "info" } else { level };
    LEVELS.iter().position(|known| *known == level)
}

fn least<'de, D: Deserializer<'de>>(level: D) -> Result<Option<usize>, D::Error> {
    let level = String::deserialize(level)?;
    if level.is_empty() {
        return Ok(None);
    }
    let unknown = || D::Error::custom(format!("expected one of {}", LEVELS.join(", ")));
    rank(&level).map(Some).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;
    use axum::http::Uri;

    use super::*;

    fn least(query: &'static str) -> Result<Option<usize>, String> {
        let uri = Uri::builder().path_and_query(format!("/lab/logs{query}"));
        let read = Query::<WantedLines>::try_from_uri(&uri.build().unwrap());
        let why = |wrong| std::error::Error::source(&wrong).unwrap().to_string();
        read.map(|Query(wanted)| wanted.level).map_err(why)
    }

    #[test]
    fn a_level_is_one_of_those_that_there_are_or_none() {
        assert_eq!(least(""), Ok(None));
        assert_eq!(least("?level="), Ok(None));
        assert_eq!(least("?level=warn"), Ok(Some(1)));
        let expected = "level: expected one of error, warn, info, debug, trace";
        assert_eq!(least("?level=warning"), Err(expected.to_owned()));
    }
}

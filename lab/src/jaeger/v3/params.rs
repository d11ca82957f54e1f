//! The query string of version 3: names as in `query.serviceName`, or `query.service_name` as they
//! were before; times by RFC 3339.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use prost_types::Timestamp;

use crate::collector::search::Search;
use crate::jaeger::params::{LOOKBACK, ParamError, Params, duration, nanos, value};

/// A query string that is asked by today's names.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a>(pub &'a Params);

impl<'a> Asked<'a> {
    /// The value of a parameter by either name, and the name that it has here.
    pub fn value(self, name: &str) -> Option<(String, &'a str)> {
        let names = [name.to_owned(), snake_case(name)];
        let mut values = names
            .into_iter()
            .filter_map(|name| Some((value(self.0, &name)?, name)));
        values.next().map(|(value, name)| (name, value))
    }

    /// Whether a parameter is true; it is not where it is missing.
    pub fn flag(self, name: &str) -> Result<bool, ParamError> {
        Ok(self
            .read(name, "true or false", |text| text.parse().ok())?
            .unwrap_or(false))
    }

    /// What a search asks for. `now` is in nanoseconds since 1970. Jaeger requires both times; here
    /// they are as in a search by the older paths where they are missing.
    pub fn search(self, now: u64) -> Result<Search, ParamError> {
        for beyond in [
            "query.filter",
            "query.pagination.pageSize",
            "query.pagination.pageToken",
        ] {
            if value(self.0, beyond).is_some() {
                return Err(ParamError::Unsupported(beyond));
            }
        }
        let text = |name| self.value(name).map(|(_, text)| text.to_owned());
        let mut search = Search::all();
        search.service = text("query.serviceName");
        search.operation = text("query.operationName");
        search.tags = self.attributes()?;
        search.end = self.time("query.startTimeMax")?.unwrap_or(now);
        let earliest = search.end.saturating_sub(nanos(LOOKBACK));
        search.start = self.time("query.startTimeMin")?.unwrap_or(earliest);
        search.min_duration = self.duration("query.durationMin")?.unwrap_or(0);
        search.max_duration = self.duration("query.durationMax")?.unwrap_or(u64::MAX);
        let depth = match self.depth("query.searchDepth")? {
            None => self.depth("query.numTraces")?,
            depth => depth,
        };
        search.limit = depth.unwrap_or(search.limit);
        Ok(search)
    }

    /// When spans began that count as calls, in nanoseconds; without times a day up to now.
    pub fn began(self, now: u64) -> Result<RangeInclusive<u64>, ParamError> {
        const DAY: u64 = 24 * 60 * 60 * 1_000_000_000;
        let end = self.time("endTime")?.unwrap_or(now);
        let start = self.time("startTime")?.unwrap_or(end.saturating_sub(DAY));
        Ok(start..=end)
    }

    fn attributes(self) -> Result<Vec<(String, String)>, ParamError> {
        let read = |text: &str| serde_json::from_str::<BTreeMap<String, String>>(text).ok();
        let expected = "a JSON object of texts, such as {\"http.route\":\"/\"}";
        let attributes = self.read("query.attributes", expected, read)?;
        Ok(attributes.into_iter().flatten().collect())
    }

    fn time(self, name: &str) -> Result<Option<u64>, ParamError> {
        self.read(name, "a time such as 2026-11-21T05:04:25.5Z", moment)
    }

    fn duration(self, name: &str) -> Result<Option<u64>, ParamError> {
        self.read(name, "a duration such as 100ms, 1.2s or 1h", duration)
    }

    fn depth(self, name: &str) -> Result<Option<usize>, ParamError> {
        let read = |text: &str| text.parse().ok().filter(|depth| *depth > 0);
        self.read(name, "a number of traces, from 1 on", read)
    }

    fn read<T>(
        self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ParamError> {
        let Some((name, text)) = self.value(name) else {
            return Ok(None);
        };
        match read(text) {
            None => Err(ParamError::Malformed(name, text.to_owned(), expected)),
            read => Ok(read),
        }
    }
}

/// A time by RFC 3339, in nanoseconds since 1970; what is before is 0.
fn moment(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    let nanos = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
    Some(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

/// `query.startTimeMin` as `query.start_time_min`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;

//! The query string of a search.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::collector::search::Search;

/// Names and values of a query string, in their order.
pub type Params = Vec<(String, String)>;

/// Why a query string is not understood; shown to whoever wrote it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A parameter that must be there is not.
    #[error("parameter '{0}' is required")]
    Missing(&'static str),
    /// A parameter that must be a number is none.
    #[error("unable to parse param '{0}': {1:?} is not a number")]
    NotANumber(&'static str, String),
    /// A duration that is none.
    #[error("unable to parse param '{0}': {1:?} is not a duration such as 100ms, 1.2s or 1h")]
    NotADuration(&'static str, String),
    /// No trace is asked for.
    #[error("search depth must be greater than 0 and less than max traces")]
    Limit,
    /// No trace can be that long.
    #[error("'maxDuration' should be greater than 'minDuration'")]
    Durations,
    /// `tags` is not a JSON object of texts.
    #[error("malformed 'tags' parameter, cannot unmarshal JSON: {0}")]
    Tags(String),
    /// A parameter of v3 that is not what it should be.
    #[error("malformed parameter {0}: {1:?} is not {2}")]
    Malformed(String, String, &'static str),
    /// A parameter of v3 for what is not there.
    #[error(
        "{0} is not supported here: search by service, operation, attributes, time and duration"
    )]
    Unsupported(&'static str),
    /// `tag` is not a key and a value.
    #[error("malformed 'tag' parameter, expecting key:value, received: {0}")]
    Tag(String),
}

/// Without `start` and `lookback`, Jaeger looks back this far.
pub(super) const LOOKBACK: Duration = Duration::from_hours(48);

/// The first value of this name, if it is not empty.
pub fn value<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    let mut named = params.iter().filter(|(key, _)| key == name);
    named
        .next()
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

/// What a query string asks for. `now` is in nanoseconds since 1970.
pub fn search(params: &Params, now: u64) -> Result<Search, ParamError> {
    let service = value(params, "service").ok_or(ParamError::Missing("service"))?;
    let mut search = Search::of(service);
    search.operation = value(params, "operation").map(str::to_owned);
    search.tags = tags(params)?;
    search.end = micros(params, "end")?.unwrap_or(now);
    // Jaeger's own page turns its "lookback" into "start"; alone it counts here as well.
    let lookback = value(params, "lookback")
        .and_then(duration)
        .unwrap_or(nanos(LOOKBACK));
    search.start = micros(params, "start")?.unwrap_or(search.end.saturating_sub(lookback));
    search.min_duration = named_duration(params, "minDuration")?.unwrap_or(0);
    search.max_duration = named_duration(params, "maxDuration")?.unwrap_or(u64::MAX);
    if search.max_duration < search.min_duration {
        return Err(ParamError::Durations);
    }
    if let Some(limit) = number::<i64>(params, "limit")? {
        search.limit = usize::try_from(limit)
            .ok()
            .filter(|n| *n > 0)
            .ok_or(ParamError::Limit)?;
    }
    Ok(search)
}

/// When spans began that count as calls, in nanoseconds: up to `endTs`, from `lookback` before, both
/// in milliseconds. Without them a day up to now.
pub fn dependencies_began(params: &Params, now: u64) -> Result<RangeInclusive<u64>, ParamError> {
    const DAY: u64 = 24 * 60 * 60 * 1000;
    const NANOS: u64 = 1_000_000;
    let end = number::<u64>(params, "endTs")?.map_or(now, |millis| millis.saturating_mul(NANOS));
    let lookback = number::<u64>(params, "lookback")?.unwrap_or(DAY);
    Ok(end.saturating_sub(lookback.saturating_mul(NANOS))..=end)
}

fn number<T: std::str::FromStr>(
    params: &Params,
    name: &'static str,
) -> Result<Option<T>, ParamError> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| ParamError::NotANumber(name, text.into()))
    };
    value(params, name).map(parse).transpose()
}

/// A moment, given in microseconds since 1970.
fn micros(params: &Params, name: &'static str) -> Result<Option<u64>, ParamError> {
    Ok(number::<u64>(params, name)?.map(|micros| micros.saturating_mul(1000)))
}

fn named_duration(params: &Params, name: &'static str) -> Result<Option<u64>, ParamError> {
    let parse =
        |text| duration(text).ok_or_else(|| ParamError::NotADuration(name, text.to_owned()));
    value(params, name).map(parse).transpose()
}

/// A duration as Go and Jaeger write it, as in `1h30m`, `1.2s` or `2d`, in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit() || c == '.');
        let end = unit_end.map_or(rest.len(), |length| digits + length);
        let unit = match &rest[digits..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            "w" => 604_800e9,
            _ => return None,
        };
        total += rest[..digits].parse::<f64>().ok()? * unit;
        rest = &rest[end..];
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and a float beyond the range becomes the largest integer"
    )]
    (!text.is_empty()).then_some(total as u64)
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn tags(params: &Params) -> Result<Vec<(String, String)>, ParamError> {
    let mut tags = Vec::new();
    for (name, value) in params {
        match name.as_str() {
            "tag" => {
                let pair = value
                    .split_once(':')
                    .ok_or_else(|| ParamError::Tag(value.clone()))?;
                tags.push((pair.0.to_owned(), pair.1.to_owned()));
            }
            "tags" if !value.is_empty() => {
                let object: std::collections::BTreeMap<String, String> =
                    serde_json::from_str(value).map_err(|e| ParamError::Tags(e.to_string()))?;
                tags.extend(object);
            }
            _ => {}
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests;

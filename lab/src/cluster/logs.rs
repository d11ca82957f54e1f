//! The lines of pods, asked for when somebody looks.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::api::Api;
use super::objects::millis;
use super::sight::Sight;
use super::view::{Service, services};
use crate::page::logs::{LINES, WantedLines};
use crate::supervisor::log_book::{LogLine, level_of, trace_of};

/// How many of its latest lines each pod is asked for.
const TAIL: usize = 200;

/// How many pods are asked at once; the others are passed over.
const PODS: usize = 40;

pub(super) async fn lines(sight: &Sight, api: &Api, wanted: &WantedLines) -> Value {
    let shown = services(&sight.now());
    let asked = shown
        .iter()
        .filter(|service| wanted.service.is_empty() || wanted.service == service.name);
    let pods = asked.flat_map(|service| {
        let pods = service.cluster.pods.iter();
        pods.map(move |pod| (service, pod.name.as_str()))
    });
    let texts = pods
        .take(PODS)
        .map(|(service, pod)| read(api, service, pod));
    let texts = join_all(texts).await;
    let mut lines: Vec<_> = texts.into_iter().flatten().collect();
    lines.sort_by_key(|line| line.number);
    let from = wanted.from.unwrap_or(0);
    let next = lines.last().map_or(from, |line| line.number + 1);
    lines.retain(|line| line.number >= from && wanted.means(line));
    let limit = wanted.limit.unwrap_or(LINES).min(LINES);
    let newest = lines.split_off(lines.len().saturating_sub(limit));
    json!({ "lines": newest, "next": next.max(from) })
}

/// The latest lines of a pod; none where it has none yet.
async fn read(api: &Api, service: &Service, pod: &str) -> Vec<LogLine> {
    let namespace = &service.cluster.namespace;
    let path =
        format!("/api/v1/namespaces/{namespace}/pods/{pod}/log?timestamps=true&tailLines={TAIL}");
    match api.text(&path).await {
        Ok(text) => text
            .lines()
            .filter_map(|line| line_of(&service.name, line))
            .collect(),
        Err(error) => {
            tracing::debug!(%error, pod, "no lines");
            Vec::new()
        }
    }
}

/// A line behind its time, which is also its number: when it came, in microseconds.
fn line_of(service: &str, line: &str) -> Option<LogLine> {
    let (time, text) = line.split_once(' ')?;
    let at = millis(time);
    Some(LogLine {
        number: micros(time),
        time: at,
        service: service.to_owned().into(),
        level: level_of(text),
        trace: trace_of(text).map(str::to_owned),
        text: text.to_owned(),
    })
}

fn micros(time: &str) -> u64 {
    let Ok(time) = time.parse::<prost_types::Timestamp>() else {
        return 0;
    };
    let micros = i128::from(time.seconds) * 1_000_000 + i128::from(time.nanos / 1_000);
    u64::try_from(micros).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_time_for_a_number_and_its_level_and_trace() {
        let id = "626983fe7678481158f4e812dcd882e4";
        let text = format!(r#"{{"level":"WARN","trace_id":"{id}"}}"#);
        let line = line_of("hello-server", &format!("2026-11-27T23:50:01.5Z {text}")).unwrap();
        assert_eq!((line.level, line.trace.as_deref()), ("warn", Some(id)));
        assert_eq!(line.number, line.time * 1_000);
        assert_eq!((line.text, &*line.service), (text, "hello-server"));
        assert!(line_of("a", "no-time").is_none());
    }
}

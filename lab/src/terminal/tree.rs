//! A trace, as Jaeger's JSON has it, as a tree of lines.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::Value;

/// One line for the trace, and one for each span under who caused it. Ends with an empty line.
pub fn text(trace: &Value) -> String {
    let spans = list(&trace["spans"]);
    let starts = spans.iter().map(|span| number(&span["startTime"]));
    let ends = spans
        .iter()
        .map(|span| number(&span["startTime"]) + number(&span["duration"]));
    let length = ends.max().unwrap_or(0) - starts.min().unwrap_or(0);
    let mut text = String::new();
    let (id, count) = (word(&trace["traceID"]), spans.len());
    let some = if count == 1 { "span" } else { "spans" };
    let _ = writeln!(text, "{id}  {count} {some}, {}", duration(length));
    for line in lines(spans) {
        let span = &spans[line.span];
        let process = &trace["processes"][span["processID"].as_str().unwrap_or_default()];
        let _ = writeln!(text, "{}{}", line.branch, shown(span, process));
    }
    for warning in list(&trace["warnings"]) {
        let _ = writeln!(text, "! {}", word(warning));
    }
    text.push('\n');
    text
}

fn shown(span: &Value, process: &Value) -> String {
    let mut text = format!(
        "{}  {}  {}",
        word(&process["serviceName"]),
        word(&span["operationName"]),
        duration(number(&span["duration"]))
    );
    if tag(span, "otel.status_code").is_some_and(|code| code == "ERROR") {
        text.push_str("  ERROR");
        if let Some(why) = tag(span, "otel.status_description") {
            let _ = write!(text, " {}", word(why));
        }
    }
    text
}

/// Spans that are deeper stand no further to the right: nobody could read them.
const DEEPEST: usize = 40;

/// A span, and what stands before it.
struct Line {
    span: usize,
    branch: String,
}

/// Every span once, parents before their children, as deep as they may be.
fn lines(spans: &[Value]) -> Vec<Line> {
    // Of those that share an id, the first has the children.
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (index, span) in spans.iter().enumerate() {
        by_id
            .entry(span["spanID"].as_str().unwrap_or_default())
            .or_insert(index);
    }
    let mut children = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let parents = list(&span["references"]).iter();
        let mut parents = parents.filter(|reference| reference["refType"] == "CHILD_OF");
        let parent = parents.find_map(|parent| by_id.get(parent["spanID"].as_str()?));
        match parent {
            Some(parent) if *parent != index => children[*parent].push(index),
            _ => roots.push(index),
        }
    }
    // Spans that are each other's ancestors hang from no root.
    roots.extend(0..spans.len());
    let mut drawn = vec![false; spans.len()];
    let mut lines = Vec::new();
    for root in roots {
        let mut left = vec![(root, 0, String::new(), String::new())];
        while let Some((span, depth, branch, below)) = left.pop() {
            if std::mem::replace(&mut drawn[span], true) {
                continue;
            }
            let last = children[span].len();
            for (place, child) in children[span].iter().enumerate().rev() {
                let (own, under) = match (depth < DEEPEST, place + 1 == last) {
                    (false, _) => ("", ""),
                    (true, true) => ("└─ ", "   "),
                    (true, false) => ("├─ ", "│  "),
                };
                let (own, under) = (format!("{below}{own}"), format!("{below}{under}"));
                left.push((*child, depth + 1, own, under));
            }
            lines.push(Line { span, branch });
        }
    }
    lines
}

fn tag<'a>(span: &'a Value, key: &str) -> Option<&'a Value> {
    let mut tags = list(&span["tags"]).iter();
    tags.find(|tag| tag["key"] == key).map(|tag| &tag["value"])
}

/// A text of a stranger's: a terminal must not take any of it for its own commands.
fn word(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let seen = |letter: char| {
        if letter.is_control() {
            '\u{fffd}'
        } else {
            letter
        }
    };
    text.chars().map(seen).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// Microseconds as somebody says them.
fn duration(micros: u64) -> String {
    let thousandths =
        |count: u64, unit| format!("{}.{:02} {unit}", count / 1000, count % 1000 / 10);
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => thousandths(micros, "ms"),
        _ => thousandths(micros / 1000, "s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(id: &str, parent: Option<&str>, name: &str) -> Value {
        let references = parent.map(|parent| json!({"refType": "CHILD_OF", "spanID": parent}));
        let references: Vec<_> = references.into_iter().collect();
        json!({
            "spanID": id, "operationName": name, "references": references, "processID": "p1",
            "startTime": 1_000, "duration": 4_200, "tags": [],
        })
    }

    fn drawn(spans: &[Value]) -> Vec<String> {
        let trace = json!({
            "traceID": "1f", "spans": spans, "warnings": null,
            "processes": {"p1": {"serviceName": "svc"}},
        });
        text(&trace).lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_span_stands_under_who_caused_it() {
        let spans = [
            span("a", None, "root"),
            span("b", Some("a"), "first"),
            span("c", Some("b"), "deep"),
            span("d", Some("a"), "last"),
            span("e", Some("lost"), "orphan"),
        ];
        let expected = [
            "1f  5 spans, 4.20 ms",
            "svc  root  4.20 ms",
            "├─ svc  first  4.20 ms",
            "│  └─ svc  deep  4.20 ms",
            "└─ svc  last  4.20 ms",
            "svc  orphan  4.20 ms",
            "",
        ];
        assert_eq!(drawn(&spans), expected);
    }

    #[test]
    fn twins_and_circles_all_stand_there_once() {
        let spans = [
            span("a", None, "one"),
            span("a", None, "two"),
            span("x", Some("y"), "hen"),
            span("y", Some("x"), "egg"),
            span("s", Some("s"), "self"),
        ];
        let lines = drawn(&spans);
        for name in ["one", "two", "hen", "egg", "self"] {
            let count = lines.iter().filter(|line| line.contains(name)).count();
            assert_eq!(count, 1, "{name}: {lines:?}");
        }
    }

    #[test]
    fn a_failure_says_why_and_nothing_that_commands_the_terminal_is_let_through() {
        let mut failed = span("a", None, "\u{1b}[2J\nx");
        failed["tags"] = json!([
            {"key": "otel.status_code", "value": "ERROR"},
            {"key": "otel.status_description", "value": "no\u{7}"},
        ]);
        let lines = drawn(&[failed]);
        assert_eq!(lines[0], "1f  1 span, 4.20 ms");
        assert_eq!(
            lines[1],
            "svc  \u{fffd}[2J\u{fffd}x  4.20 ms  ERROR no\u{fffd}"
        );
    }

    #[test]
    fn a_chain_of_many_thousands_overflows_no_stack() {
        let spans = (0..20_000_u32).map(|index| {
            let parent = index.checked_sub(1).map(|parent| parent.to_string());
            span(&index.to_string(), parent.as_deref(), "link")
        });
        assert_eq!(drawn(&spans.collect::<Vec<_>>()).len(), 20_002);
    }

    #[test]
    fn durations_are_said_in_their_unit() {
        for (micros, expected) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (4_256, "4.25 ms"),
            (1_250_000, "1.25 s"),
        ] {
            assert_eq!(duration(micros), expected);
        }
    }
}

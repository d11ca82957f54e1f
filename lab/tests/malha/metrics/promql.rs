//! Reads of a query which metrics and labels it names. Whether it is `PromQL`, promtool says.

use std::collections::BTreeSet;

/// What a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// Metrics, each with the labels that it is matched by.
    pub(crate) metrics: Vec<(String, BTreeSet<String>)>,
    /// Labels that results are grouped and joined by.
    pub(crate) grouping: BTreeSet<String>,
}

const GROUPING: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const OPERATORS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];
/// Functions after which a `by` may stand before the parenthesis.
const AGGREGATIONS: [&str; 7] = ["sum", "min", "max", "avg", "count", "topk", "quantile"];

/// What this query names.
pub(crate) fn uses(query: &str) -> Uses {
    let mut uses = Uses::default();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        rest = if first.is_ascii_alphabetic() || first == '_' {
            let (word, after) = split_word(rest);
            name(word, after, &mut uses)
        } else if first.is_ascii_digit() {
            split_word(rest).1 // a number or a time, as in `1h`
        } else {
            match first {
                '"' => after(&rest[1..], '"'),
                '[' => after(rest, ']'),
                _ => &rest[first.len_utf8()..],
            }
        };
    }
    uses
}

/// Takes a word, with the labels in the brackets after it, and gives what follows.
fn name<'a>(word: &str, rest: &'a str, uses: &mut Uses) -> &'a str {
    let next = rest.trim_start();
    if GROUPING.contains(&word) {
        let (labels, rest) = next[1..].split_once(')').unwrap();
        let labels = labels.split(',').map(|label| label.trim().to_owned());
        uses.grouping
            .extend(labels.filter(|label| !label.is_empty()));
        return rest;
    }
    if OPERATORS.contains(&word) || AGGREGATIONS.contains(&word) || next.starts_with('(') {
        return rest;
    }
    let Some(matchers) = next.strip_prefix('{') else {
        uses.metrics.push((word.to_owned(), BTreeSet::new()));
        return rest;
    };
    let mut labels = BTreeSet::new();
    let mut rest = matchers.trim_start();
    while !rest.starts_with('}') {
        let (label, value) = split_word(rest);
        labels.insert(label.to_owned());
        rest = after(after(value, '"'), '"').trim_start_matches([',', ' ']);
    }
    uses.metrics.push((word.to_owned(), labels));
    &rest[1..]
}

fn split_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_:.".contains(c)));
    text.split_at(end.unwrap_or(text.len()))
}

fn after(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, after)| after)
}

#[test]
fn metrics_matchers_and_groupings_are_read() {
    let query = "histogram_quantile(0.99, sum by (job, le) (rate(a_bucket{b=~\"x|y\", c!=\"}\"}[5m]))) \
                 > 1e3 and on (job) d:e:rate5m offset 1h unless sum(f) by (g)";
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect();
    let wanted = Uses {
        metrics: vec![
            ("a_bucket".to_owned(), labels(&["b", "c"])),
            ("d:e:rate5m".to_owned(), labels(&[])),
            ("f".to_owned(), labels(&[])),
        ],
        grouping: labels(&["g", "job", "le"]),
    };
    assert_eq!(uses(query), wanted);
}

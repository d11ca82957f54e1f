//! Reads what `/metrics` answers: OpenMetrics text.

use std::collections::{BTreeMap, BTreeSet};

/// The metrics of one name.
#[derive(Debug, Default)]
pub(crate) struct Family {
    /// `counter`, `gauge`, `histogram` or `info`.
    pub(crate) kind: String,
    /// The label names of its samples, each set once; none where there is no sample.
    pub(crate) labels: BTreeSet<BTreeSet<String>>,
}

/// Adds what a text says to the families, by the names that Prometheus gives them.
pub(crate) fn read(text: &str, families: &mut BTreeMap<String, Family>) {
    let mut current = (String::new(), String::new());
    for line in text.lines() {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, kind) = declared.split_once(' ').unwrap();
            let suffix = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            current = (format!("{name}{suffix}"), name.to_owned());
            let family = families.entry(current.0.clone()).or_default();
            kind.clone_into(&mut family.kind);
        } else if !line.starts_with('#') {
            let (name, labels) = sample(line);
            assert!(name.starts_with(&current.1), "{line} after {current:?}");
            let family = families.get_mut(&current.0).unwrap();
            family.labels.insert(labels);
        }
    }
}

/// The name of a sample and the names of its labels, but for the bound of a bucket.
fn sample(line: &str) -> (&str, BTreeSet<String>) {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeSet::new();
    while let Some(after) = rest.strip_prefix(['{', ',']) {
        let Some((label, value)) = after.split_once("=\"") else {
            break; // `{}`
        };
        if label != "le" {
            labels.insert(label.to_owned());
        }
        rest = &value[end_of_value(value)..];
    }
    (name, labels)
}

/// Where a value ends: after the first quotation mark that no backslash takes back.
fn end_of_value(value: &str) -> usize {
    let mut escaped = false;
    for (index, c) in value.char_indices() {
        match c {
            '"' if !escaped => return index + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    value.len()
}

#[test]
fn names_types_and_labels_are_read() {
    let text = "\
# HELP a_b Something.
# TYPE a_b counter
a_b_total{reason=\"x, {\\\"y\\\"}\",protocol=\"http\"} 1
# TYPE c_seconds histogram
# UNIT c_seconds seconds
c_seconds_sum 1.5
c_seconds_bucket{le=\"0.5\"} 1 # {trace_id=\"abc\"} 0.4
# TYPE d gauge
# EOF
";
    let mut families = BTreeMap::new();
    read(text, &mut families);
    let labels = |name: &str| -> Vec<Vec<String>> {
        let sets = families[name].labels.iter();
        sets.map(|set| set.iter().cloned().collect()).collect()
    };
    assert_eq!(labels("a_b_total"), [["protocol", "reason"]]);
    assert_eq!(labels("c_seconds"), [[""; 0]]);
    assert_eq!(labels("d"), [[""; 0]; 0]);
    assert_eq!(families["c_seconds"].kind, "histogram");
}

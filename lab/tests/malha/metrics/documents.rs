//! Reads docs/metrics.md, the dashboard and the alerts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../../../charts/malha/dashboards/malha.json");
const ALERTS: &str = include_str!("../../../../charts/malha/alerts/malha.yaml");

/// A row of a table of docs/metrics.md.
#[derive(Debug)]
pub(crate) struct Documented {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) labels: BTreeSet<String>,
    /// The heading that it stands under.
    pub(crate) section: String,
}

/// The cells of every table's rows, each with the heading above it.
fn rows() -> Vec<(String, Vec<String>)> {
    let mut section = String::new();
    let mut rows = Vec::new();
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut section);
        } else if line.starts_with("| `") {
            let cells = line.trim_matches('|').split('|');
            let cells = cells.map(|cell| cell.trim().to_owned());
            rows.push((section.clone(), cells.collect()));
        }
    }
    rows
}

fn plain(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

/// Every metric of docs/metrics.md.
pub(crate) fn documented() -> Vec<Documented> {
    let rows = rows().into_iter().filter(|(_, cells)| cells.len() == 5);
    rows.map(|(section, cells)| Documented {
        name: plain(&cells[0]),
        kind: cells[1].clone(),
        labels: cells[3]
            .split(", ")
            .filter(|cell| !cell.is_empty())
            .map(plain)
            .collect(),
        section,
    })
    .collect()
}

/// Every alert of docs/metrics.md, and its severity.
pub(crate) fn told_alerts() -> BTreeMap<String, String> {
    let rows = rows()
        .into_iter()
        .filter(|(section, _)| section == "Alerts");
    rows.map(|(_, cells)| (plain(&cells[0]), cells[1].clone()))
        .collect()
}

/// Every query of the dashboard, with those of its variables.
pub(crate) fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels
        .filter_map(|panel| panel["targets"].as_array())
        .flatten();
    let mut queries: Vec<_> = targets
        .map(|target| target["expr"].as_str().unwrap().to_owned())
        .collect();
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["query"]["query"].as_str() else {
            continue; // a text, or the choice of a data source
        };
        let inner = query
            .strip_prefix("label_values(")
            .unwrap()
            .strip_suffix(')')
            .unwrap();
        let (metric, label) = inner.rsplit_once(", ").unwrap();
        queries.push(format!("count by ({label}) ({metric})"));
    }
    queries
}

/// The file of rules.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    pub(crate) queries: Vec<String>,
    /// Names that it gives to results.
    pub(crate) records: Vec<String>,
    /// Alerts, by name.
    pub(crate) severities: BTreeMap<String, String>,
}

/// What the file of rules holds, by its lines; promtool reads it whole.
pub(crate) fn alerts() -> Alerts {
    let mut alerts = Alerts::default();
    let mut alert = String::new();
    let mut lines = ALERTS.lines().peekable();
    let indent = |line: &str| line.len() - line.trim_start().len();
    while let Some(line) = lines.next() {
        let text = line.trim_start();
        if let Some(name) = text.strip_prefix("- record: ") {
            alerts.records.push(name.to_owned());
        } else if let Some(name) = text.strip_prefix("- alert: ") {
            name.clone_into(&mut alert);
        } else if let Some(severity) = text.strip_prefix("labels: {severity: ") {
            let severity = severity.trim_end_matches('}').to_owned();
            alerts.severities.insert(alert.clone(), severity);
        } else if text == "expr: |" {
            let mut query = String::new();
            while let Some(more) = lines.next_if(|more| indent(more) > indent(line)) {
                query.push_str(more);
                query.push('\n');
            }
            alerts.queries.push(query);
        } else if let Some(query) = text.strip_prefix("expr: ") {
            alerts.queries.push(query.to_owned());
        }
    }
    alerts
}

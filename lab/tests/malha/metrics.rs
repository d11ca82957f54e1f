//! What docs/metrics.md, the dashboard and the alerts say, held to what `/metrics` answers.

mod documents;
mod names;
mod openmetrics;
mod promql;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use testing::eventually;

use documents::{Documented, alerts, dashboard, documented, told_alerts};
use openmetrics::Family;
use promql::{Uses, uses};
use traffic::Busy;

/// Labels that Prometheus gives to whatever it scrapes.
const OF_TARGETS: [&str; 5] = ["namespace", "job", "pod", "instance", "container"];

#[tokio::test]
async fn every_metric_is_documented_with_its_type_and_labels() {
    let busy = Busy::start().await;
    let expected: Vec<_> = documented()
        .into_iter()
        .filter(|metric| busy.has(metric))
        .collect();
    // What happens in every run has values; of the rest, name and type are announced.
    let shown = eventually("every service has done what it does", async || {
        let shown = busy.families().await?;
        let has_values = |name: &str| {
            let there = expected.iter().any(|metric| metric.name == name);
            !there
                || shown
                    .get(name)
                    .is_some_and(|family| !family.labels.is_empty())
        };
        let all = traffic::HAPPENS.iter().copied().all(has_values);
        all.then_some(shown)
    })
    .await;

    let mut wrong = Vec::new();
    for metric in &expected {
        let Documented {
            name, kind, labels, ..
        } = metric;
        match shown.get(name.as_str()) {
            None => wrong.push(format!("{name} is documented, and no service has it")),
            Some(family) if family.kind != *kind => {
                wrong.push(format!("{name} is a {}, not a {kind}", family.kind));
            }
            Some(Family { labels: sets, .. }) => {
                let others = sets.iter().filter(|set| *set != labels);
                wrong.extend(others.map(|set| format!("{name} has {set:?}, not {labels:?}")));
            }
        }
    }
    let known: BTreeSet<_> = expected.iter().map(|metric| metric.name.as_str()).collect();
    let untold = shown.keys().filter(|name| !known.contains(name.as_str()));
    wrong.extend(untold.map(|name| format!("{name} is not in docs/metrics.md")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The labels of every series that there may be: a histogram has several.
fn series() -> BTreeMap<String, BTreeSet<String>> {
    let mut series = BTreeMap::new();
    for Documented {
        name, kind, labels, ..
    } in documented()
    {
        if kind != "histogram" {
            series.insert(name, labels);
            continue;
        }
        let mut with_bound = labels.clone();
        with_bound.insert("le".to_owned());
        series.insert(format!("{name}_bucket"), with_bound);
        series.insert(format!("{name}_sum"), labels.clone());
        series.insert(format!("{name}_count"), labels);
    }
    series
}

/// What is wrong with a query: metrics that do not exist, labels that none of its metrics has.
fn wrong_in(query: &str, series: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let Uses { metrics, grouping } = uses(query);
    let mut wrong = Vec::new();
    let mut any: BTreeSet<&str> = OF_TARGETS.into();
    for (metric, matchers) in &metrics {
        let Some(labels) = series.get(metric) else {
            wrong.push(format!("{metric} does not exist: {query}"));
            continue;
        };
        any.extend(labels.iter().map(String::as_str));
        let has = |label: &&String| labels.contains(*label) || OF_TARGETS.contains(&label.as_str());
        let missing = matchers.iter().filter(|label| !has(label));
        wrong.extend(missing.map(|label| format!("{metric} has no {label}: {query}")));
    }
    let missing = grouping
        .iter()
        .filter(|label| !any.contains(label.as_str()));
    wrong.extend(missing.map(|label| format!("nothing has {label}: {query}")));
    wrong
}

#[test]
fn the_dashboard_asks_only_for_what_exists() {
    let (queries, series) = (dashboard(), series());
    assert!(queries.len() > 50, "{} queries", queries.len());
    let wrong: Vec<_> = queries
        .iter()
        .flat_map(|query| wrong_in(query, &series))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_dashboard_shows_every_metric_that_is_documented() {
    let queries = dashboard();
    let shown: BTreeSet<_> = queries
        .iter()
        .flat_map(|query| uses(query).metrics)
        .collect();
    let shown: BTreeSet<_> = shown.into_iter().map(|(name, _)| name).collect();
    let missing = documented().into_iter().filter(|metric| {
        let parts = ["", "_bucket", "_count"].map(|part| format!("{}{part}", metric.name));
        !parts.iter().any(|series| shown.contains(series))
    });
    let missing: Vec<_> = missing.map(|metric| metric.name).collect();
    assert!(missing.is_empty(), "not on the dashboard: {missing:?}");
}

#[test]
fn the_alerts_ask_only_for_what_exists_and_are_all_documented() {
    let alerts = alerts();
    let mut series = series();
    for record in &alerts.records {
        let labels = OF_TARGETS.map(str::to_owned).into();
        series.insert(record.clone(), labels);
    }
    assert!(
        alerts.queries.len() > 15,
        "{} queries",
        alerts.queries.len()
    );
    let queries = alerts.queries.iter();
    let wrong: Vec<_> = queries.flat_map(|query| wrong_in(query, &series)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(alerts.severities, told_alerts());
}

#[test]
fn a_query_for_what_does_not_exist_is_found() {
    let series = series();
    for (query, what) in [
        ("rate(no_such_metric[5m])", "no_such_metric does not exist"),
        (
            "sum by (route) (service_ready{namespace=\"a\"})",
            "nothing has route",
        ),
        ("redis_answers{reason=\"x\"}", "redis_answers has no reason"),
        (
            "http_server_request_duration_seconds",
            "http_server_request_duration_seconds does not exist",
        ),
    ] {
        let wrong = wrong_in(query, &series);
        assert!(wrong.len() == 1 && wrong[0].starts_with(what), "{wrong:?}");
    }
    assert_eq!(wrong_in("sum by (job) (service_ready)", &series), [""; 0]);
}

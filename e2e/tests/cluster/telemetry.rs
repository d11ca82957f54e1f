//! What the services' traces are worth: the Instrumentation Score, and the conventions behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use e2e::caller::Caller;
use e2e::jaeger::Jaeger;
use e2e::score::{NOT_COMPUTED, RULES, Trace, scores};
use e2e::span::Span;
use e2e::tree::drawn;
use serde_json::Value;

use crate::support::eventually;

/// Every service of the suite.
const SERVICES: [&str; 10] = [
    "desafio1-client",
    "desafio1-servidor",
    "grpc-cliente",
    "grpc-servidor",
    "hello-client",
    "hello-server",
    "serviceA",
    "serviceB",
    "sockets-client",
    "sockets-server",
];

/// What every service says of itself, in a cluster.
const RESOURCE: [&str; 13] = [
    "service.namespace",
    "service.version",
    "service.instance.id",
    "k8s.pod.uid",
    "k8s.pod.name",
    "k8s.namespace.name",
    "k8s.node.name",
    "k8s.deployment.name",
    "k8s.container.name",
    "deployment.environment.name",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
];

/// Fails unless every service scores 100 for what it did between two times, and keeps to the
/// conventions in it. The last spans may still be under way: it waits for them.
pub(crate) async fn well_instrumented(jaeger: &Jaeger, from: u64, to: u64) {
    let mut last = String::new();
    let full = eventually("full scores", async || {
        let mut traces: BTreeMap<String, Trace> = BTreeMap::new();
        for service in SERVICES {
            for trace in jaeger.between(service, from, to).await.unwrap() {
                let first = trace.iter().map(|span| (span.start, &span.id)).min();
                let (begin, id) = first.unwrap();
                // What had begun before was begun in other circumstances.
                if begin >= from {
                    traces.insert(id.clone(), trace);
                }
            }
        }
        let traces: Vec<Trace> = traces.into_values().collect();
        let scores = scores(RULES, &traces, &Caller::is_one);
        let named: Vec<&str> = scores.iter().map(|score| score.service.as_str()).collect();
        let report: Vec<String> = scores.iter().map(ToString::to_string).collect();
        let full = named == SERVICES && scores.iter().all(|score| score.broken.is_empty());
        let report = report.join("\n");
        if report != last {
            println!(
                "Instrumentation Score of {} traces:\n{report}",
                traces.len()
            );
            last = report;
        }
        if !full {
            // Each look reads all of it: Jaeger is not to be kept from taking in the rest.
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        full.then_some(traces)
    })
    .await;
    for (rules, why) in NOT_COMPUTED {
        println!("not in it: {rules}, since {why}");
    }
    let spans = full.iter().flatten();
    let mut wrong: BTreeSet<String> = spans.filter_map(unconventional).collect();
    for trace in &full {
        wrong.extend(mismatched(trace));
    }
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a span has against the conventions for its resource, its kind and its status.
fn unconventional(span: &Span) -> Option<String> {
    let wrong = |what: String| {
        Some(format!(
            "{} {} {:?}: {what}",
            span.service, span.kind, span.name
        ))
    };
    if let Some(missing) = RESOURCE
        .iter()
        .find(|name| !span.resource.contains_key(**name))
    {
        return wrong(format!("the resource has no {missing}"));
    }
    let kinds: &[&str] = if span.attributes.contains_key("db.operation.name") {
        &["client"]
    } else if span.attributes.contains_key("http.route") {
        &["server"]
    } else if span.attributes.contains_key("http.request.method")
        || span.attributes.contains_key("rpc.system.name")
    {
        &["client", "server"]
    } else {
        &["client", "server", "internal", "producer", "consumer"]
    };
    if !kinds.contains(&span.kind.as_str()) {
        return wrong(format!("its kind is none of {kinds:?}"));
    }
    if span.failed() != span.attributes.contains_key("error.type") {
        return wrong("error.type and the status do not agree".to_owned());
    }
    let status = span.attributes.get("http.response.status_code");
    if let Some(status) = status.and_then(Value::as_u64) {
        // A client's mistake is no error of the server that says so.
        let least = if span.kind == "server" { 500 } else { 400 };
        if span.failed() != (status >= least) {
            return wrong(format!("status {status}, error: {}", span.failed()));
        }
    }
    None
}

/// Spans under one of another service that cannot have called them. What is consumed hangs under
/// whatever has put it there.
fn mismatched(trace: &Trace) -> Option<String> {
    let parent = |span: &Span| {
        trace
            .iter()
            .find(|other| Some(&other.id) == span.parent.as_ref())
    };
    let wrong = trace.iter().find(|span| {
        parent(span).is_some_and(|parent| {
            parent.service != span.service
                && !matches!(
                    (parent.kind.as_str(), span.kind.as_str()),
                    ("client", "server") | (_, "consumer")
                )
        })
    });
    let wrong = wrong?;
    Some(format!(
        "{} {:?} cannot be under its parent:\n{}",
        wrong.kind,
        wrong.name,
        drawn(trace)
    ))
}

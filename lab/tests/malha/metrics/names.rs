//! The names of metrics, labels and spans' attributes: published ones, or ours.

use std::collections::BTreeSet;

use testing::eventually;

use super::documents::documented;
use super::traffic::Busy;

const PUBLISHED: &str = include_str!("semconv-1.45.0.txt");

/// Metrics that no convention names. `target_info` is how the conventions' resource becomes a metric,
/// and `process_…` are the names of Prometheus' own clients.
const OUR_METRICS: &[&str] = &[
    "chat_clients",
    "chat_deliveries_total",
    "chat_duplicates_total",
    "chat_entries_taken_total",
    "chat_outbox_lost_total",
    "chat_outbox_waiting",
    "chat_refused_total",
    "chat_relay_unbelieved_total",
    "chat_relayed_total",
    "chat_resumed_total",
    "chat_websockets_closed_total",
    "otel_spans_exported_total",
    "otel_spans_lost_total",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "redis_answers",
    "rpc_client_retries_total",
    "rpc_client_servers",
    "rpc_server_active_calls",
    "server_connections_accepted_total",
    "server_connections_cut_total",
    "server_connections_open",
    "server_connections_refused_total",
    "server_memory_budget_bytes",
    "server_memory_held_bytes",
    "service_dependency_ready",
    "service_draining",
    "service_ready",
    "target_info",
    "tcp_client_request_duration_seconds",
    "tcp_server_request_duration_seconds",
];

/// Labels of those metrics that no convention names.
const OUR_LABELS: &[&str] = &[
    "dependency",
    "from",
    "kind",
    "outcome",
    "peer",
    "protocol",
    "reason",
    "recovered",
];

/// Attributes of spans that no convention names.
const OUR_ATTRIBUTES: &[&str] = &[
    "chat.client",
    "chat.close.code",
    "chat.close.reason",
    "chat.cursor",
    "chat.message.id",
    "chat.peer",
    "chat.protocol",
    "chat.recipients",
    "malha.outcome",
];

/// Published names that end with what they are of, as in `http.request.header.x-request-id`.
const TEMPLATES: &[&str] = &["http.request.header."];

/// What Jaeger's format makes of the rest of a span.
const OF_JAEGER: &[&str] = &[
    "error",
    "internal.span.format",
    "otel.scope.name",
    "otel.status_code",
    "otel.status_description",
    "span.kind",
    "w3c.tracestate",
];

/// The published names of a kind.
fn published(kind: &str) -> BTreeSet<&'static str> {
    let lines = PUBLISHED.lines();
    let of_kind = lines.filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    of_kind.collect()
}

/// As Prometheus spells them.
fn with_underscores(kind: &str) -> BTreeSet<String> {
    let names = published(kind).into_iter();
    names.map(|name| name.replace('.', "_")).collect()
}

#[test]
fn metrics_and_labels_are_published_or_listed_as_ours() {
    let (metrics, labels) = (with_underscores("metric"), with_underscores("attribute"));
    let (mut wrong, mut ours) = (Vec::new(), BTreeSet::new());
    for metric in documented() {
        let name = metric.name.as_str();
        let is_published = metrics.contains(name.trim_end_matches("_seconds"));
        if is_published == OUR_METRICS.contains(&name) {
            wrong.push(format!("{name} must be either published or ours"));
        }
        for label in &metric.labels {
            let is_ours = OUR_LABELS.contains(&label.as_str());
            if labels.contains(label) == is_ours {
                wrong.push(format!("{name}: {label} must be either published or ours"));
            } else if is_ours && is_published {
                wrong.push(format!("{name} is published, and {label} is not"));
            }
            if is_ours {
                ours.insert(label.clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ours.iter().eq(OUR_LABELS), "{ours:?}");
    let documented = documented();
    let gone = OUR_METRICS.iter();
    let gone: Vec<_> = gone
        .filter(|name| !documented.iter().any(|metric| metric.name == **name))
        .collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[tokio::test]
async fn attributes_of_spans_are_published_or_listed_as_ours() {
    let busy = Busy::start().await;
    // A span of each protocol, whichever services there are.
    let expected = busy.attributes_expected();
    let shown = eventually("spans of every protocol", async || {
        let shown = busy.attributes().await?;
        let has_all = expected.iter().all(|name| shown.contains(*name));
        has_all.then_some(shown)
    })
    .await;
    let published = published("attribute");
    let known = |name: &String| {
        let name = name.as_str();
        let is_of = |template: &&str| name.starts_with(template);
        published.contains(name)
            || TEMPLATES.iter().any(is_of)
            || OUR_ATTRIBUTES.contains(&name)
            || OF_JAEGER.contains(&name)
    };
    let unknown: Vec<_> = shown.iter().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let both = OUR_ATTRIBUTES.iter();
    assert_eq!(both.filter(|name| published.contains(*name)).count(), 0);
}

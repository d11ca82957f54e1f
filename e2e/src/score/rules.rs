//! The rules over spans and resources, in the order of their ids.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Impact::{Critical, Important, Normal};
use super::{Evidence, Rule};
use crate::span::Span;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "RES-001",
        what: "service.instance.id is present",
        impact: Normal,
        broken: instance_is_present,
    },
    Rule {
        id: "RES-002",
        what: "service.instance.id is another one in each pod of a service",
        impact: Important,
        broken: instance_is_unique,
    },
    Rule {
        id: "RES-003",
        what: "k8s.pod.uid is present",
        impact: Important,
        broken: pod_is_present,
    },
    Rule {
        id: "RES-004",
        what: "attributes of a resource are no span's, and the reverse",
        impact: Important,
        broken: attributes_are_at_their_level,
    },
    Rule {
        id: "RES-005",
        what: "service.name is present",
        impact: Critical,
        broken: name_is_present,
    },
    Rule {
        id: "SPA-001",
        what: "no trace has more than 10 INTERNAL spans of a service",
        impact: Normal,
        broken: internal_spans_are_few,
    },
    Rule {
        id: "SPA-002",
        what: "the parent of a span is in its trace",
        impact: Normal,
        broken: nobody_is_an_orphan,
    },
    // The specification leaves the criterion open; this is ours, and it is not a lenient one.
    Rule {
        id: "SPA-003",
        what: "a service has at most 32 names of spans, without ids, numbers or literals in them",
        impact: Important,
        broken: names_are_few,
    },
    Rule {
        id: "SPA-004",
        what: "no root is a CLIENT span",
        impact: Important,
        broken: no_root_is_a_client,
    },
    Rule {
        id: "SPA-005",
        what: "no trace has more than 20 spans shorter than 5 ms",
        impact: Important,
        broken: short_spans_are_few,
    },
];

/// A span, for whoever is told that it breaks a rule.
fn named(span: &Span) -> String {
    format!("{} {:?}", span.kind, span.name)
}

fn present(evidence: &Evidence<'_>, name: &str) -> Vec<String> {
    let there = |span: &Span| {
        let value = span.resource.get(name).and_then(Value::as_str);
        value.is_some_and(|value| !value.is_empty())
    };
    let spans = evidence.spans().filter(|(_, span)| !there(span));
    spans.map(|(_, span)| named(span)).collect()
}

fn instance_is_present(evidence: &Evidence<'_>) -> Vec<String> {
    present(evidence, "service.instance.id")
}

fn pod_is_present(evidence: &Evidence<'_>) -> Vec<String> {
    present(evidence, "k8s.pod.uid")
}

fn instance_is_unique(evidence: &Evidence<'_>) -> Vec<String> {
    let mut pods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let text = |span: &Span, name: &str| Some(span.resource.get(name)?.as_str()?.to_owned());
    for (_, span) in evidence.spans() {
        if let (Some(id), Some(pod)) =
            (text(span, "service.instance.id"), text(span, "k8s.pod.uid"))
        {
            pods.entry(id).or_default().insert(pod);
        }
    }
    let shared = pods.iter().filter(|(_, pods)| pods.len() > 1);
    shared
        .map(|(id, pods)| format!("{id} is shared by the pods {pods:?}"))
        .collect()
}

/// What begins like these is a resource's by the semantic conventions…
const OF_RESOURCES: [&str; 9] = [
    "service.name",
    "service.namespace",
    "service.version",
    "service.instance.",
    "k8s.",
    "telemetry.",
    "deployment.",
    "host.",
    "container.",
];
/// … and what begins like these a span's.
const OF_SPANS: [&str; 10] = [
    "http.",
    "url.",
    "rpc.",
    "db.",
    "messaging.",
    "network.",
    "client.",
    "server.",
    "error.",
    "user_agent.",
];

fn attributes_are_at_their_level(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let like = |name: &str, heads: &[&str]| heads.iter().any(|head| name.starts_with(head));
    for (_, span) in evidence.spans() {
        let of_span = span
            .attributes
            .keys()
            .filter(|name| like(name, &OF_RESOURCES));
        let of_resource = span.resource.keys().filter(|name| like(name, &OF_SPANS));
        wrong.extend(of_span.map(|name| format!("{name} of the span {}", named(span))));
        wrong.extend(of_resource.map(|name| format!("{name} of the resource of {}", named(span))));
    }
    wrong
}

fn name_is_present(evidence: &Evidence<'_>) -> Vec<String> {
    let missing = evidence.service.is_empty() || evidence.service.starts_with("unknown_service");
    let spans = evidence.spans().filter(|_| missing);
    spans.map(|(_, span)| named(span)).collect()
}

fn internal_spans_are_few(evidence: &Evidence<'_>) -> Vec<String> {
    let internal = |spans: Vec<&Span>| spans.iter().filter(|span| span.kind == "internal").count();
    let many = evidence
        .by_trace()
        .map(internal)
        .filter(|count| *count > 10);
    many.map(|count| format!("{count} INTERNAL spans in a trace"))
        .collect()
}

fn nobody_is_an_orphan(evidence: &Evidence<'_>) -> Vec<String> {
    let orphan = |(trace, span): &(&Vec<Span>, &Span)| {
        let Some(parent) = &span.parent else {
            return false;
        };
        !trace.iter().any(|other| other.id == *parent) && !(evidence.outside)(parent)
    };
    let spans = evidence.spans().filter(orphan);
    spans.map(|(_, span)| named(span)).collect()
}

fn names_are_few(evidence: &Evidence<'_>) -> Vec<String> {
    let names: BTreeSet<&str> = evidence
        .spans()
        .map(|(_, span)| span.name.as_str())
        .collect();
    if names.len() > 32 {
        return vec![format!("{} names", names.len())];
    }
    // `v1` and the like are words; a third digit makes it a number, a quote a literal.
    let literal = |name: &&&str| {
        name.chars().filter(char::is_ascii_digit).count() > 2
            || name.contains(['"', '\'', '?', '='])
    };
    let literals = names.iter().filter(literal);
    literals.map(|name| format!("the name {name:?}")).collect()
}

fn no_root_is_a_client(evidence: &Evidence<'_>) -> Vec<String> {
    let client = |span: &Span| span.parent.is_none() && span.kind == "client";
    let spans = evidence.spans().filter(|(_, span)| client(span));
    spans.map(|(_, span)| named(span)).collect()
}

fn short_spans_are_few(evidence: &Evidence<'_>) -> Vec<String> {
    let takes_part = |trace: &&Vec<Span>| trace.iter().any(|span| span.service == evidence.service);
    let short = |trace: &Vec<Span>| trace.iter().filter(|span| span.duration < 5_000).count();
    let many = evidence.traces.iter().filter(takes_part).map(short);
    many.filter(|count| *count > 20)
        .map(|count| format!("{count} short spans in a trace"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scores;
    use super::*;

    fn span(id: &str, parent: Option<&str>, kind: &str, name: &str) -> Span {
        let resource = [("service.instance.id", id), ("k8s.pod.uid", id)];
        Span {
            resource: resource
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
            ..crate::span::tests::span(id, parent, kind, name)
        }
    }

    fn broken(trace: Vec<Span>) -> Vec<&'static str> {
        let scores = scores(RULES, &[trace], &|parent| parent == "outside");
        let ids = scores
            .iter()
            .flat_map(|score| &score.broken)
            .map(|(id, _)| *id);
        ids.collect()
    }

    #[test]
    fn each_rule_is_broken_by_what_it_is_about_and_by_nothing_else() {
        let good = || {
            vec![
                span("a", None, "internal", "poll"),
                span("b", Some("a"), "client", "GET"),
            ]
        };
        assert!(broken(good()).is_empty());
        assert!(broken(vec![span("a", Some("outside"), "server", "GET /v1")]).is_empty());
        let with = |change: &dyn Fn(&mut Span)| {
            let mut trace = good();
            change(&mut trace[1]);
            broken(trace)
        };
        assert_eq!(
            with(&|span| _ = span.resource.remove("service.instance.id")),
            ["RES-001"]
        );
        assert_eq!(
            with(&|span| _ = span
                .resource
                .insert("service.instance.id".to_owned(), "a".into())),
            ["RES-002"]
        );
        assert_eq!(
            with(&|span| _ = span.resource.remove("k8s.pod.uid")),
            ["RES-003"]
        );
        assert_eq!(
            with(&|span| _ = span
                .attributes
                .insert("service.name".to_owned(), "s".into())),
            ["RES-004"]
        );
        assert_eq!(
            with(&|span| _ = span.resource.insert("http.route".to_owned(), "/".into())),
            ["RES-004"]
        );
        assert_eq!(
            with(&|span| span.service = "unknown_service:x".to_owned()),
            ["RES-005"]
        );
        assert_eq!(
            with(&|span| span.parent = Some("gone".to_owned())),
            ["SPA-002"]
        );
        assert_eq!(
            with(&|span| span.name = "GET /users/12345".to_owned()),
            ["SPA-003"]
        );
        assert_eq!(with(&|span| span.parent = None), ["SPA-004"]);

        let many = |count: usize, kind: &str| -> Vec<Span> {
            let children = (0..count).map(|id| span(&format!("{id}"), Some("a"), kind, "x"));
            good().into_iter().chain(children).collect()
        };
        assert_eq!(broken(many(10, "internal")), ["SPA-001"]);
        let mut short = many(21, "client");
        short[2..].iter_mut().for_each(|span| span.duration = 10);
        assert_eq!(broken(short), ["SPA-005"]);
        let named = (0..40_u8).map(|id| {
            let mut span = span(&id.to_string(), Some("a"), "client", "");
            span.name = char::from(b'0' + id)
                .to_string()
                .replace(|c| "'=?\"".contains(c), "x");
            span
        });
        assert_eq!(
            broken(good().into_iter().chain(named).collect()),
            ["SPA-003"]
        );
    }

    #[test]
    fn a_score_is_the_weight_of_what_passed() {
        let trace = vec![span("a", None, "client", "GET")];
        let [score] = &scores(RULES, &[trace], &|_| false)[..] else {
            panic!("one service")
        };
        // 40 + 6 rules of 30 + 3 of 20, of which one of 30 is broken.
        assert!(
            (score.value - 250.0 / 280.0 * 100.0).abs() < 1e-9,
            "{score}"
        );
        assert!(
            score
                .to_string()
                .contains("SPA-004, 1 times: client \"GET\""),
            "{score}"
        );
    }
}

//! The Instrumentation Score of each service, from its traces.
//!
//! The rules, their impacts and the formula are those of
//! <https://github.com/instrumentation-score/spec> (version 0.1, rules of April 2026). Computed are
//! the rules over spans and resources; [`NOT_COMPUTED`] lists the others, with the reason. Traces
//! are read by Jaeger's API, where attributes of a resource are tags of a process.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Failure;
use crate::span::Span;
use crate::tree::drawn;
pub use rules::RULES;

/// How much a rule weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impact {
    /// 40.
    Critical,
    /// 30.
    Important,
    /// 20.
    Normal,
}

impl Impact {
    fn weight(self) -> u32 {
        match self {
            Self::Critical => 40,
            Self::Important => 30,
            Self::Normal => 20,
        }
    }
}

/// One rule of the specification.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its id there.
    pub id: &'static str,
    /// What it checks.
    pub what: &'static str,
    /// What it weighs.
    pub impact: Impact,
    /// What breaks it in the traces of one service; nothing where it passes.
    broken: fn(&Evidence<'_>) -> Vec<String>,
}

/// The rules of the specification that no trace can answer for.
pub const NOT_COMPUTED: &[(&str, &str)] = &[
    (
        "MET-001 to MET-006",
        "metrics are scraped by Prometheus and not exported as OTLP, which the rules are about",
    ),
    (
        "LOG-001, LOG-002",
        "logs are lines on stderr and not exported as OTLP",
    ),
    (
        "SDK-001",
        "no span says which compiler built the program; rust-toolchain.toml holds one that the SDK supports",
    ),
];

/// A trace, whoever took part in it.
pub type Trace = Vec<Span>;

/// What is known of one service.
pub(crate) struct Evidence<'a> {
    service: &'a str,
    traces: &'a [Trace],
    /// Whether a parent that is in no trace is a test's own span, which nobody exports.
    outside: &'a dyn Fn(&str) -> bool,
}

impl<'a> Evidence<'a> {
    /// The service's spans, each with its trace.
    fn spans(&self) -> impl Iterator<Item = (&'a Trace, &'a Span)> {
        let service = self.service;
        let of = move |trace: &'a Trace| trace.iter().map(move |span| (trace, span));
        let all = self.traces.iter().flat_map(of);
        all.filter(move |(_, span)| span.service == service)
    }

    /// The service's spans of one trace at a time.
    fn by_trace(&self) -> impl Iterator<Item = Vec<&'a Span>> {
        let service = self.service;
        let own = move |trace: &'a Trace| -> Vec<&'a Span> {
            let spans = trace.iter().filter(|span| span.service == service);
            spans.collect()
        };
        self.traces.iter().map(own)
    }
}

/// The score of one service.
#[derive(Clone, Debug)]
pub struct Score {
    /// Whose.
    pub service: String,
    /// From 0 to 100.
    pub value: f64,
    /// How many spans it was computed from.
    pub spans: usize,
    /// The rules that were broken, and by what.
    pub broken: Vec<(&'static str, Vec<String>)>,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:.0} ({} spans)",
            self.service, self.value, self.spans
        )?;
        for (rule, by) in &self.broken {
            write!(f, "\n  {rule}, {} times: {}", by.len(), by[0])?;
        }
        Ok(())
    }
}

/// The scores of all services with a span in these traces, by these rules.
pub fn scores(rules: &[Rule], traces: &[Trace], outside: &dyn Fn(&str) -> bool) -> Vec<Score> {
    let names = traces.iter().flatten().map(|span| span.service.as_str());
    let names: BTreeSet<&str> = names.collect();
    let of = |service| {
        score(
            rules,
            &Evidence {
                service,
                traces,
                outside,
            },
        )
    };
    names.into_iter().map(of).collect()
}

fn score(rules: &[Rule], evidence: &Evidence<'_>) -> Score {
    let (mut passed, mut all) = (0, 0);
    let mut broken = BTreeMap::new();
    for rule in rules {
        let weight = rule.impact.weight();
        all += weight;
        let by = (rule.broken)(evidence);
        if by.is_empty() {
            passed += weight;
        } else {
            broken.insert(rule.id, by);
        }
    }
    Score {
        service: evidence.service.to_owned(),
        value: f64::from(passed) / f64::from(all.max(1)) * 100.0,
        spans: evidence.spans().count(),
        broken: broken.into_iter().collect(),
    }
}

/// What must hold of every trace: the rules of the Instrumentation Score, but for the one that is
/// about pods, since the lab has none. `from_outside` is the span of whoever asked.
pub fn scored(spans: &[Span], from_outside: Option<&str>) -> Result<(), Failure> {
    let rules: Vec<Rule> = RULES
        .iter()
        .filter(|rule| rule.id != "RES-003")
        .copied()
        .collect();
    let outside = |parent: &str| Some(parent) == from_outside;
    let scores = scores(&rules, &[spans.to_vec()], &outside);
    match scores.iter().find(|score| !score.broken.is_empty()) {
        None => Ok(()),
        Some(score) => Err(Failure::Wrong(format!("{score}\n{}", drawn(spans)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::tests::span;

    #[test]
    fn a_client_as_root_an_orphan_and_a_name_full_of_digits_score_against() {
        assert!(scored(&[span("a", None, "internal", "poll")], None).is_ok());
        for (wrong, rule) in [
            (span("a", None, "client", "GET"), "SPA-004"),
            (span("a", Some("gone"), "server", "GET"), "SPA-002"),
            (span("a", None, "server", "GET /users/12345"), "SPA-003"),
        ] {
            let error = scored(&[wrong], None).unwrap_err().to_string();
            assert!(error.contains(rule), "{error}");
        }
        assert!(scored(&[span("a", Some("me"), "server", "GET")], Some("me")).is_ok());
    }
}

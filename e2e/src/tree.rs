//! The shape of a trace, and what must hold of every span.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use crate::score::{RULES, Rule, scores};
use crate::{Failure, same};

/// One span, as journeys look at it.
#[derive(Clone, Debug)]
pub struct Span {
    /// Itself.
    pub id: String,
    /// The span it hangs under, which may be the journey's own.
    pub parent: Option<String>,
    /// `service.name` of who made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its kind, in small letters.
    pub kind: String,
    /// When it began, in microseconds since 1970.
    pub start: u64,
    /// How long it took, in microseconds.
    pub duration: u64,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// The attributes of who made it.
    pub resource: BTreeMap<String, Value>,
}

impl Span {
    /// Whether it ended in an error.
    pub fn failed(&self) -> bool {
        self.attributes.get("error") == Some(&Value::Bool(true))
    }

    /// Fails unless an attribute has this value, of this type.
    pub fn has(&self, name: &str, value: impl Into<Value>) -> Result<(), Failure> {
        let what = format!("{name} of the span {:?}", self.name);
        same(
            &what,
            self.attributes.get(name).cloned(),
            Some(value.into()),
        )
    }
}

/// The tree of a trace as text: a line a span, children under their parents, in a stable order.
///
/// ```text
/// desafio1-client internal poll
///   desafio1-client client GET
///     desafio1-servidor server GET /
/// ```
pub fn drawn(spans: &[Span]) -> String {
    let mut text = String::new();
    let known = |id: &Option<String>| spans.iter().any(|span| Some(&span.id) == id.as_ref());
    draw(
        spans,
        &spans
            .iter()
            .filter(|span| !known(&span.parent))
            .collect::<Vec<_>>(),
        0,
        &mut text,
    );
    text
}

fn draw(spans: &[Span], level: &[&Span], depth: usize, text: &mut String) {
    let line = |span: &Span| {
        let error = if span.failed() { " ERROR" } else { "" };
        format!("{} {} {}{error}", span.service, span.kind, span.name)
    };
    let mut level = level.to_vec();
    level.sort_by_key(|span| line(span));
    for span in level {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:indent$}{}", "", line(span), indent = depth * 2);
        let children: Vec<&Span> = spans
            .iter()
            .filter(|child| child.parent.as_ref() == Some(&span.id))
            .collect();
        draw(spans, &children, depth + 1, text);
    }
}

/// Fails unless the trace has exactly this tree.
pub fn shaped(spans: &[Span], wanted: &str) -> Result<(), Failure> {
    let drawn = drawn(spans);
    if drawn.trim_end() == wanted.trim_end() {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "the trace has another shape\n--- got\n{drawn}--- wanted\n{wanted}"
    )))
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
pub(crate) mod tests {
    use super::*;

    pub(crate) fn span(id: &str, parent: Option<&str>, kind: &str, name: &str) -> Span {
        Span {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            service: "s".to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            start: 0,
            duration: 9_000,
            attributes: BTreeMap::new(),
            resource: [("service.instance.id".to_owned(), "i".into())].into(),
        }
    }

    #[test]
    fn children_are_drawn_under_their_parents_whatever_the_order() {
        let spans = [
            span("c", Some("b"), "server", "GET /"),
            span("b", Some("a"), "client", "GET"),
            span("a", None, "internal", "poll"),
        ];
        assert_eq!(
            drawn(&spans),
            "s internal poll\n  s client GET\n    s server GET /\n"
        );
        assert!(shaped(&spans, "s internal poll").is_err());
    }

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

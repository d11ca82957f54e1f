//! The shape of a trace.

use std::fmt::Write;

use crate::Failure;
use crate::span::Span;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::tests::span;

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
}

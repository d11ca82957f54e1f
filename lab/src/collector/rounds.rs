//! What the lab's services do by themselves, again and again: nobody asked for it.

use super::span::{Span, Value};

/// What the lab says of the processes that it starts, in their spans' resource.
pub const LAUNCHER: (&str, &str) = ("malha.launcher", "lab");

/// How such rounds begin.
const ROUNDS: [&str; 4] = ["poll", "say hello", "send number", "ask presence"];

/// Whether a span is the beginning of a round. A person's own client begins its traces alike, but
/// the lab has not started it.
pub(super) fn begins_one(span: &Span) -> bool {
    let by_lab = |(name, value): &(String, Value)| {
        name == LAUNCHER.0 && *value == Value::String(LAUNCHER.1.to_owned())
    };
    span.parent.is_none()
        && ROUNDS.contains(&span.name.as_str())
        && span.resource.attributes.iter().any(by_lab)
}

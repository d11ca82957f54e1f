//! One span of a trace, as journeys look at it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Failure, same};

/// A span, whoever stored it.
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
}

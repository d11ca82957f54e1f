//! What can be wrong with one direction of a link, and how toxiproxy writes it as JSON.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::LinkError;
use crate::tap::Direction;

/// A fault on one direction of every connection of a link, under a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(into = "Map<String, Value>")]
pub struct Toxic {
    /// Unique on the link.
    pub name: String,
    /// What it does.
    pub fault: Fault,
    /// To which direction.
    pub stream: Direction,
    /// The share of connections that it strikes, from 0 to 1.
    pub toxicity: f64,
}

/// What is done to bytes. Times and sizes are toxiproxy's: milliseconds, kilobytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Everything arrives later, by this much and by chance up to `jitter` more or less.
    Latency {
        /// How much later.
        latency: Duration,
        /// How much more or less than that.
        jitter: Duration,
    },
    /// No more than this passes in a second; nothing at 0.
    Bandwidth {
        /// Bytes a second.
        rate: u64,
    },
    /// The end arrives later than the last byte.
    SlowClose {
        /// How much later.
        delay: Duration,
    },
    /// Nothing arrives, and the connection is closed after a time; at 0 it stays, silent.
    Timeout {
        /// After how long.
        timeout: Duration,
    },
    /// The connection is reset, this long after the first byte or the end.
    ResetPeer {
        /// How long after.
        timeout: Duration,
    },
    /// Bytes arrive in small pieces with a pause after each.
    Slicer {
        /// How large a piece is on average, in bytes.
        average_size: u64,
        /// How much larger or smaller it may be.
        size_variation: u64,
        /// The pause, in microseconds in JSON.
        delay: Duration,
    },
    /// After so many bytes the connection is closed.
    LimitData {
        /// How many.
        bytes: u64,
    },
    /// After so many bytes the connection is reset. toxiproxy has no such fault.
    ResetAfter {
        /// How many.
        bytes: u64,
    },
}

/// Every type of fault by its name in JSON.
const TYPES: [&str; 8] = [
    "latency",
    "bandwidth",
    "slow_close",
    "timeout",
    "reset_peer",
    "slicer",
    "limit_data",
    "reset_after",
];

/// What a client may change of a toxic: its attributes, each alone, and its toxicity.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct ToxicChange {
    #[serde(default)]
    attributes: Map<String, Value>,
    toxicity: Option<f64>,
}

#[derive(serde::Deserialize)]
struct Draft {
    #[serde(default)]
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default = "downstream")]
    stream: String,
    #[serde(default = "always")]
    toxicity: f64,
    #[serde(default)]
    attributes: Map<String, Value>,
}

fn downstream() -> String {
    "downstream".to_owned()
}

fn always() -> f64 {
    1.0
}

impl Toxic {
    /// A toxic from a client's JSON. Without a name it is `type_stream`, without a stream downstream,
    /// and what attributes leave out is 0.
    pub fn from_json(json: &[u8]) -> Result<Self, LinkError> {
        let draft: Draft =
            serde_json::from_slice(json).map_err(|error| LinkError::BadBody(error.to_string()))?;
        let stream = match draft.stream.to_ascii_lowercase().as_str() {
            "upstream" => Direction::Upstream,
            "downstream" => Direction::Downstream,
            _ => return Err(LinkError::BadStream),
        };
        let fault = Fault::read(&draft.kind, &draft.attributes)?;
        let name = match draft.name {
            name if name.is_empty() => format!("{}_{}", draft.kind, draft.stream),
            name => name,
        };
        Ok(Self {
            name,
            fault,
            stream,
            toxicity: share(draft.toxicity)?,
        })
    }

    /// The toxic with these changes.
    pub fn changed(&self, change: &ToxicChange) -> Result<Self, LinkError> {
        let mut attributes = self.fault.attributes();
        attributes.extend(change.attributes.clone());
        Ok(Self {
            name: self.name.clone(),
            fault: Fault::read(self.fault.type_name(), &attributes)?,
            stream: self.stream,
            toxicity: share(change.toxicity.unwrap_or(self.toxicity))?,
        })
    }
}

/// Shares are told apart to a billionth: more digits would not all be written as they were read.
const FINEST: f64 = 1e9;

fn share(toxicity: f64) -> Result<f64, LinkError> {
    if (0.0..=1.0).contains(&toxicity) {
        return Ok((toxicity * FINEST).round() / FINEST);
    }
    let text = format!("toxicity is {toxicity}; it goes from 0 to 1");
    Err(LinkError::BadBody(text))
}

impl From<Toxic> for Map<String, Value> {
    fn from(toxic: Toxic) -> Self {
        let stream = match toxic.stream {
            Direction::Upstream => "upstream",
            Direction::Downstream => "downstream",
        };
        Self::from_iter([
            ("attributes".to_owned(), toxic.fault.attributes().into()),
            ("name".to_owned(), toxic.name.into()),
            ("type".to_owned(), toxic.fault.type_name().into()),
            ("stream".to_owned(), stream.into()),
            ("toxicity".to_owned(), toxic.toxicity.into()),
        ])
    }
}

impl Fault {
    /// Its name in JSON.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Bandwidth { .. } => "bandwidth",
            Self::SlowClose { .. } => "slow_close",
            Self::Timeout { .. } => "timeout",
            Self::ResetPeer { .. } => "reset_peer",
            Self::Slicer { .. } => "slicer",
            Self::LimitData { .. } => "limit_data",
            Self::ResetAfter { .. } => "reset_after",
        }
    }

    fn attributes(&self) -> Map<String, Value> {
        let millis = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let micros = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let pairs: Vec<(&str, u64)> = match self {
            Self::Latency { latency, jitter } => {
                vec![("latency", millis(latency)), ("jitter", millis(jitter))]
            }
            Self::Bandwidth { rate } => vec![("rate", rate / KILOBYTE)],
            Self::SlowClose { delay } => vec![("delay", millis(delay))],
            Self::Timeout { timeout } | Self::ResetPeer { timeout } => {
                vec![("timeout", millis(timeout))]
            }
            Self::Slicer {
                average_size,
                size_variation,
                delay,
            } => vec![
                ("average_size", *average_size),
                ("size_variation", *size_variation),
                ("delay", micros(delay)),
            ],
            Self::LimitData { bytes } | Self::ResetAfter { bytes } => vec![("bytes", *bytes)],
        };
        let owned = |(name, value): (&str, u64)| (name.to_owned(), value.into());
        pairs.into_iter().map(owned).collect()
    }

    fn read(kind: &str, attributes: &Map<String, Value>) -> Result<Self, LinkError> {
        let read = Attributes { kind, attributes };
        let millis = |name| Ok::<_, LinkError>(Duration::from_millis(read.number(name)?));
        let (fault, known): (_, &[&str]) = match kind {
            "latency" => {
                let (latency, jitter) = (millis("latency")?, millis("jitter")?);
                (Self::Latency { latency, jitter }, &["latency", "jitter"])
            }
            "bandwidth" => {
                let rate = read.number("rate")?.saturating_mul(KILOBYTE);
                (Self::Bandwidth { rate }, &["rate"])
            }
            "slow_close" => {
                let delay = millis("delay")?;
                (Self::SlowClose { delay }, &["delay"])
            }
            "timeout" => {
                let timeout = millis("timeout")?;
                (Self::Timeout { timeout }, &["timeout"])
            }
            "reset_peer" => {
                let timeout = millis("timeout")?;
                (Self::ResetPeer { timeout }, &["timeout"])
            }
            "slicer" => {
                let fault = Self::Slicer {
                    average_size: read.number("average_size")?,
                    size_variation: read.number("size_variation")?,
                    delay: Duration::from_micros(read.number("delay")?),
                };
                (fault, &["average_size", "size_variation", "delay"])
            }
            "limit_data" => {
                let bytes = read.number("bytes")?;
                (Self::LimitData { bytes }, &["bytes"])
            }
            "reset_after" => {
                let bytes = read.number("bytes")?;
                (Self::ResetAfter { bytes }, &["bytes"])
            }
            _ => {
                return Err(LinkError::BadType {
                    given: kind.to_owned(),
                    known: TYPES.join(", "),
                });
            }
        };
        read.nothing_beside(known)?;
        Ok(fault)
    }
}

const KILOBYTE: u64 = 1000;

/// Beyond any time or size that a lesson needs, and far from where sums would overflow.
const LARGEST: u64 = 1 << 40;

struct Attributes<'a> {
    kind: &'a str,
    attributes: &'a Map<String, Value>,
}

impl Attributes<'_> {
    fn number(&self, name: &str) -> Result<u64, LinkError> {
        let Some(value) = self.attributes.get(name).filter(|value| !value.is_null()) else {
            return Ok(0);
        };
        value
            .as_u64()
            .filter(|number| *number <= LARGEST)
            .ok_or_else(|| {
                let kind = self.kind;
                LinkError::BadBody(format!(
                    "{name} of {kind} is {value}; a whole number from 0 to {LARGEST} would be right"
                ))
            })
    }

    /// A misspelt attribute would leave a fault that does nothing.
    fn nothing_beside(&self, known: &[&str]) -> Result<(), LinkError> {
        match self
            .attributes
            .keys()
            .find(|name| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(LinkError::BadBody(format!(
                "{} has no attribute {name:?}; it has {}",
                self.kind,
                known.join(", ")
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Toxic, LinkError> {
        Toxic::from_json(json.as_bytes())
    }

    #[test]
    fn what_a_client_leaves_out_is_as_in_toxiproxy() {
        let toxic = read(r#"{"type":"latency","attributes":{"latency":300}}"#).unwrap();
        assert_eq!(
            serde_json::to_value(&toxic).unwrap(),
            serde_json::json!({
                "name": "latency_downstream", "type": "latency", "stream": "downstream",
                "toxicity": 1.0, "attributes": {"latency": 300, "jitter": 0},
            })
        );
    }

    #[test]
    fn every_type_is_read_and_written_alike() {
        for kind in TYPES {
            let toxic = read(&format!(r#"{{"type":"{kind}"}}"#)).unwrap();
            let json = serde_json::to_vec(&toxic).unwrap();
            assert_eq!(Toxic::from_json(&json).unwrap(), toxic);
        }
    }

    #[test]
    fn every_attribute_is_read_and_written_in_toxiproxys_units() {
        let millis = Duration::from_millis;
        for (kind, attributes, fault) in [
            (
                "latency",
                r#"{"latency":300,"jitter":20}"#,
                Fault::Latency {
                    latency: millis(300),
                    jitter: millis(20),
                },
            ),
            (
                "bandwidth",
                r#"{"rate":64}"#,
                Fault::Bandwidth { rate: 64_000 },
            ),
            (
                "slow_close",
                r#"{"delay":30}"#,
                Fault::SlowClose { delay: millis(30) },
            ),
            (
                "timeout",
                r#"{"timeout":40}"#,
                Fault::Timeout {
                    timeout: millis(40),
                },
            ),
            (
                "reset_peer",
                r#"{"timeout":50}"#,
                Fault::ResetPeer {
                    timeout: millis(50),
                },
            ),
            (
                "slicer",
                r#"{"average_size":60,"size_variation":7,"delay":8}"#,
                Fault::Slicer {
                    average_size: 60,
                    size_variation: 7,
                    delay: Duration::from_micros(8),
                },
            ),
            (
                "limit_data",
                r#"{"bytes":90}"#,
                Fault::LimitData { bytes: 90 },
            ),
            (
                "reset_after",
                r#"{"bytes":91}"#,
                Fault::ResetAfter { bytes: 91 },
            ),
        ] {
            let json = format!(
                r#"{{"name":"mine","type":"{kind}","stream":"Upstream","toxicity":0.5,"attributes":{attributes}}}"#
            );
            let toxic = read(&json).unwrap();
            let expected = Toxic {
                name: "mine".to_owned(),
                fault,
                stream: Direction::Upstream,
                toxicity: 0.5,
            };
            assert_eq!(toxic, expected);
            let attributes: Value = serde_json::from_str(attributes).unwrap();
            assert_eq!(
                serde_json::to_value(toxic).unwrap(),
                serde_json::json!({
                    "name": "mine", "type": kind, "stream": "upstream",
                    "toxicity": 0.5, "attributes": attributes,
                })
            );
        }
    }

    #[test]
    fn a_number_may_be_as_large_as_is_said_and_null_is_none() {
        let of = |number: u64| {
            read(&format!(
                r#"{{"type":"limit_data","attributes":{{"bytes":{number}}}}}"#
            ))
        };
        assert_eq!(
            of(LARGEST).unwrap().fault,
            Fault::LimitData { bytes: LARGEST }
        );
        let error = of(LARGEST + 1).unwrap_err().to_string();
        assert!(error.contains("from 0 to 1099511627776"), "{error}");
        let none = read(r#"{"type":"limit_data","attributes":{"bytes":null}}"#).unwrap();
        assert_eq!(none.fault, Fault::LimitData { bytes: 0 });
    }

    /// One of them was written as 1.0000000000000001e-305.
    #[test]
    fn every_toxicity_is_read_and_written_alike() {
        for (given, kept) in [
            ("1e-305", 0.0),
            ("0.1", 0.1),
            ("0.12345678912345", 0.123_456_789),
            ("0.9999999999", 1.0),
        ] {
            let toxic = read(&format!(r#"{{"type":"timeout","toxicity":{given}}}"#)).unwrap();
            assert!((toxic.toxicity - kept).abs() < f64::EPSILON, "{given}");
            let json = serde_json::to_vec(&toxic).unwrap();
            assert_eq!(Toxic::from_json(&json).unwrap(), toxic);
        }
    }

    #[test]
    fn wrong_toxics_are_refused_with_what_would_be_right() {
        for (json, says) in [
            (r#"{"type":"lag"}"#, "latency, bandwidth"),
            (
                r#"{"type":"latency","stream":"sideways"}"#,
                "upstream or downstream",
            ),
            (
                r#"{"type":"latency","attributes":{"latency":-1}}"#,
                "whole number",
            ),
            (
                r#"{"type":"latency","attributes":{"latency":1.5}}"#,
                "whole number",
            ),
            (
                r#"{"type":"latency","attributes":{"delay":1}}"#,
                "it has latency, jitter",
            ),
            (r#"{"type":"latency","toxicity":2}"#, "from 0 to 1"),
            ("[", "bad request body"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let toxic = read(r#"{"type":"latency","attributes":{"latency":300,"jitter":20}}"#).unwrap();
        let change = serde_json::from_str(r#"{"attributes":{"latency":50}}"#).unwrap();
        let changed = toxic.changed(&change).unwrap();
        assert_eq!(
            changed.fault,
            Fault::Latency {
                latency: Duration::from_millis(50),
                jitter: Duration::from_millis(20),
            }
        );
        let change = serde_json::from_str(r#"{"toxicity":0.25}"#).unwrap();
        let changed = toxic.changed(&change).unwrap();
        let expected = Toxic {
            toxicity: 0.25,
            ..toxic
        };
        assert_eq!(changed, expected);
    }
}

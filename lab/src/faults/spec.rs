//! `latency=300ms jitter=50ms` as faults of a link.

use std::time::Duration;

use bytesize::ByteSize;
use link::{Direction, Toxic};
use runtime::settings::FromSetting;
use serde::Serialize;

use super::kinds::{KINDS, Kind, Of, kind};

/// Faults of a link, as somebody wrote them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// One for each kind that was named.
    pub parts: Vec<Part>,
}

/// One fault of a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its kind.
    pub kind: &'static str,
    /// As it was written.
    pub text: String,
    /// Which way it strikes.
    pub toward: Toward,
    /// The share of connections that it strikes.
    pub share: f64,
    /// What it does.
    pub effect: Effect,
}

/// What a fault does to a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// To the bytes of each connection.
    Bytes(link::Fault),
    /// Everything ends, and nobody can connect.
    Cut,
    /// Nobody can connect.
    Refuse,
}

/// Which way a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Toward {
    /// What the server says.
    Client,
    /// What the client says.
    Server,
    /// Both.
    Both,
}

/// Why a text names no fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Nothing was named.
    #[error("no fault is named; there are: {}", names())]
    Nothing,
    /// A word that is none.
    #[error("{word:?} is no fault and no setting of one; there are: {}", names())]
    Unknown {
        /// The word.
        word: String,
    },
    /// A fault or a setting that is given more than once.
    #[error("{word} is given twice; one of them is enough")]
    Twice {
        /// Which.
        word: &'static str,
    },
    /// A setting without its fault.
    #[error("{setting} belongs to {}; name one of them", owners(setting))]
    Alone {
        /// The setting.
        setting: &'static str,
    },
    /// A value that is none.
    #[error("{setting}={value:?} is refused: expected {expected}")]
    Value {
        /// The setting.
        setting: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A setting that this fault does not have.
    #[error("{kind} has no {setting}")]
    NotOf {
        /// The fault.
        kind: &'static str,
        /// The setting.
        setting: &'static str,
    },
}

fn link_kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| kind.of == Of::Link)
}

fn names() -> String {
    let examples: Vec<_> = link_kinds().map(|kind| kind.example).collect();
    examples.join(", ")
}

fn owners(setting: &str) -> String {
    let owners = link_kinds().filter(|kind| kind.settings.contains(&setting));
    let owners: Vec<_> = owners.map(|kind| kind.kind).collect();
    owners.join(", ")
}

/// Settings that stand beside a fault and name none.
const BESIDE: [&str; 4] = ["jitter", "pause", "toward", "share"];

impl Spec {
    /// Reads faults and their settings, with spaces or commas between.
    pub fn read(text: &str) -> Result<Self, SpecError> {
        let words = text
            .split([' ', ',', '\t', '\n'])
            .filter(|word| !word.is_empty());
        let words: Vec<_> = words.map(Word::read).collect::<Result<_, _>>()?;
        for (place, word) in words.iter().enumerate() {
            if words[..place]
                .iter()
                .any(|earlier| earlier.name == word.name)
            {
                return Err(SpecError::Twice { word: word.name });
            }
        }
        let named = words.iter().filter(|word| !BESIDE.contains(&word.name));
        let parts: Vec<_> = named
            .map(|word| Part::of(word, &words))
            .collect::<Result<_, _>>()?;
        if parts.is_empty() {
            let alone = words.first().map(|word| word.name);
            return Err(alone.map_or(SpecError::Nothing, |setting| SpecError::Alone { setting }));
        }
        for word in words.iter().filter(|word| BESIDE.contains(&word.name)) {
            let has = |part: &Part| {
                kind(part.kind).is_some_and(|kind| kind.settings.contains(&word.name))
            };
            if !parts.iter().any(has) {
                return Err(SpecError::NotOf {
                    kind: parts[0].kind,
                    setting: word.name,
                });
            }
        }
        Ok(Self { parts })
    }
}

/// A name, and a value where there is one.
struct Word<'a> {
    name: &'static str,
    value: Option<&'a str>,
}

impl<'a> Word<'a> {
    fn read(word: &'a str) -> Result<Self, SpecError> {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let mut known = BESIDE.into_iter().chain(link_kinds().map(|kind| kind.kind));
        let name = known.find(|known| *known == name);
        let name = name.ok_or_else(|| SpecError::Unknown {
            word: word.to_owned(),
        })?;
        Ok(Self { name, value })
    }

    fn refused(&self, expected: &'static str) -> SpecError {
        SpecError::Value {
            setting: self.name,
            value: self.value.unwrap_or_default().to_owned(),
            expected,
        }
    }

    fn duration(&self) -> Result<Duration, SpecError> {
        let value = self.value.filter(|value| !value.is_empty());
        let value = value.and_then(Duration::from_setting);
        let value = value.filter(|value| *value <= LONGEST);
        value.ok_or_else(|| self.refused("a duration of at most an hour, as in 300ms"))
    }

    fn size(&self) -> Result<u64, SpecError> {
        let value = self.value.and_then(|value| value.parse::<ByteSize>().ok());
        let value = value.filter(|value| *value <= ByteSize::gib(1));
        value
            .map(|value| value.as_u64())
            .ok_or_else(|| self.refused("a size of at most 1GiB, as in 100 or 1KB"))
    }

    /// A size that is not zero: where nothing is to pass, that is silence.
    fn some(&self) -> Result<u64, SpecError> {
        match self.size()? {
            0 => Err(self.refused("a size from 1 to 1GiB, as in 100 or 1KB")),
            size => Ok(size),
        }
    }

    fn nothing(&self) -> Result<(), SpecError> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(self.refused("no value")),
        }
    }
}

const LONGEST: Duration = Duration::from_hours(1);

impl Part {
    fn of(word: &Word<'_>, all: &[Word<'_>]) -> Result<Self, SpecError> {
        let beside = |name: &'static str| {
            let has = kind(word.name).is_some_and(|kind| kind.settings.contains(&name));
            all.iter().find(|other| has && other.name == name)
        };
        let duration = |name| beside(name).map_or(Ok(Duration::ZERO), Word::duration);
        let (effect, usual) = match word.name {
            "latency" => {
                let (latency, jitter) = (word.duration()?, duration("jitter")?);
                (
                    bytes(link::Fault::Latency { latency, jitter }),
                    Toward::Client,
                )
            }
            "bandwidth" => {
                let rate = word.some()?;
                (bytes(link::Fault::Bandwidth { rate }), Toward::Both)
            }
            "slices" => {
                let slicer = link::Fault::Slicer {
                    average_size: word.some()?,
                    size_variation: 0,
                    delay: duration("pause")?,
                };
                (bytes(slicer), Toward::Both)
            }
            "silence" => {
                word.nothing()?;
                let timeout = Duration::ZERO;
                (bytes(link::Fault::Timeout { timeout }), Toward::Both)
            }
            "reset" => {
                let reset = link::Fault::ResetAfter {
                    bytes: word.size()?,
                };
                (bytes(reset), Toward::Client)
            }
            "drop-answer" => {
                word.nothing()?;
                (bytes(link::Fault::ResetAfter { bytes: 0 }), Toward::Client)
            }
            "refuse" => {
                word.nothing()?;
                (Effect::Refuse, Toward::Both)
            }
            _ => {
                word.nothing()?;
                (Effect::Cut, Toward::Both)
            }
        };
        let toward = match beside("toward") {
            None => usual,
            Some(word) => match word.value {
                Some("client") => Toward::Client,
                Some("server") => Toward::Server,
                Some("both") => Toward::Both,
                _ => return Err(word.refused("client, server or both")),
            },
        };
        let share = match beside("share") {
            None => 1.0,
            Some(word) => word
                .value
                .and_then(|value| value.parse().ok())
                .filter(|share| (0.0..=1.0).contains(share))
                .ok_or_else(|| word.refused("a number from 0 to 1"))?,
        };
        let mut text = written(word);
        for setting in kind(word.name).map_or(&[][..], |kind| kind.settings) {
            if let Some(word) = beside(setting).filter(|beside| beside.name != word.name) {
                text.push(' ');
                text.push_str(&written(word));
            }
        }
        Ok(Self {
            kind: word.name,
            text,
            toward,
            share,
            effect,
        })
    }

    /// The toxics that do it.
    pub fn toxics(&self) -> Vec<Toxic> {
        let Effect::Bytes(fault) = self.effect else {
            return Vec::new();
        };
        let streams = match self.toward {
            Toward::Client => &[Direction::Downstream][..],
            Toward::Server => &[Direction::Upstream],
            Toward::Both => &[Direction::Upstream, Direction::Downstream],
        };
        let toxic = |stream: &Direction| Toxic {
            name: toxic_name(fault.type_name(), *stream),
            fault,
            stream: *stream,
            toxicity: self.share,
        };
        streams.iter().map(toxic).collect()
    }
}

/// As toxiproxy names a toxic that was given no name.
pub fn toxic_name(kind: &str, stream: Direction) -> String {
    let stream = match stream {
        Direction::Upstream => "upstream",
        Direction::Downstream => "downstream",
    };
    format!("{kind}_{stream}")
}

fn bytes(fault: link::Fault) -> Effect {
    Effect::Bytes(fault)
}

fn written(word: &Word<'_>) -> String {
    match word.value {
        Some(value) => format!("{}={value}", word.name),
        None => word.name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_with_their_settings() {
        let spec = Spec::read("latency=300ms jitter=50ms, bandwidth=1KB toward=server").unwrap();
        let texts: Vec<_> = spec.parts.iter().map(|part| part.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "latency=300ms jitter=50ms toward=server",
                "bandwidth=1KB toward=server"
            ]
        );
        let names: Vec<_> = spec.parts.iter().flat_map(Part::toxics).collect();
        let names: Vec<_> = names.iter().map(|toxic| toxic.name.as_str()).collect();
        assert_eq!(names, ["latency_upstream", "bandwidth_upstream"]);
    }

    #[test]
    fn silence_strikes_both_ways_and_a_dropped_answer_one() {
        let toxics = |text| Spec::read(text).unwrap().parts[0].toxics();
        assert_eq!(toxics("silence").len(), 2);
        let dropped = toxics("drop-answer share=0.5");
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].fault, link::Fault::ResetAfter { bytes: 0 });
        assert!((dropped[0].toxicity - 0.5).abs() < f64::EPSILON);
        assert!(toxics("cut").is_empty());
    }

    #[test]
    fn each_fault_does_what_it_says_the_way_that_is_usual_or_wanted() {
        use link::Fault::{Bandwidth, Latency, ResetAfter, Slicer};

        let ms = Duration::from_millis;
        for (text, effect, toward) in [
            (
                "latency=1h jitter=5ms",
                bytes(Latency {
                    latency: LONGEST,
                    jitter: ms(5),
                }),
                Toward::Client,
            ),
            (
                "bandwidth=1KB toward=client",
                bytes(Bandwidth { rate: 1000 }),
                Toward::Client,
            ),
            (
                "slices=3 pause=20ms",
                bytes(Slicer {
                    average_size: 3,
                    size_variation: 0,
                    delay: ms(20),
                }),
                Toward::Both,
            ),
            (
                "reset=1GiB toward=both",
                bytes(ResetAfter { bytes: 1 << 30 }),
                Toward::Both,
            ),
            ("refuse", Effect::Refuse, Toward::Both),
            ("cut", Effect::Cut, Toward::Both),
        ] {
            let part = Spec::read(text).unwrap().parts.remove(0);
            assert_eq!((part.effect, part.toward), (effect, toward), "{text}");
            assert_eq!((part.text.as_str(), part.share), (text, 1.0));
        }
    }

    #[test]
    fn what_is_no_fault_is_refused_with_what_would_be_right() {
        for (text, says) in [
            ("", "no fault is named; there are: latency=300ms"),
            ("lag=3", "\"lag=3\" is no fault"),
            ("latency=1s latency=2s", "latency is given twice"),
            ("cut,cut", "cut is given twice"),
            (
                "latency=1s toward=both toward=both",
                "toward is given twice",
            ),
            ("latency", "latency=\"\" is refused: expected a duration"),
            ("latency=2h", "at most an hour"),
            ("jitter=3ms", "jitter belongs to latency"),
            ("cut=1", "expected no value"),
            ("cut jitter=1ms", "cut has no jitter"),
            ("silence toward=left", "client, server or both"),
            ("silence share=2", "from 0 to 1"),
            ("bandwidth=fast", "a size"),
            ("reset=2GiB", "at most 1GiB"),
            ("refuse=1", "expected no value"),
            ("silence=1", "expected no value"),
            ("drop-answer=1", "expected no value"),
            ("silence share=-1", "from 0 to 1"),
            ("pause=3ms", "pause belongs to slices;"),
            ("share=1", "share belongs to latency, bandwidth, slices"),
            ("bandwidth=0", "expected a size from 1 to 1GiB"),
            ("slices=0 pause=20ms", "expected a size from 1 to 1GiB"),
        ] {
            let error = Spec::read(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}

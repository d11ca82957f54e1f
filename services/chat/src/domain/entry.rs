//! What a log holds, the names in it, and the original's words for it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One thing that happened, at its place in the log of this service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place: 1, 2, 3, … within the log's epoch.
    pub cursor: u64,
    /// Its name, the same at every service.
    pub id: Token,
    /// What happened.
    #[serde(rename = "what")]
    pub event: Event,
    /// Where it came from.
    pub source: Source,
    /// When the service that it came from took it: milliseconds since 1970.
    pub at: u64,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "TraceContext::is_none")]
    pub trace: TraceContext,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// A client said something.
    Message {
        /// Who.
        client: ClientId,
        /// What.
        text: String,
    },
    /// A client came.
    Joined {
        /// Who.
        client: ClientId,
    },
    /// A client went.
    Left {
        /// Who.
        client: ClientId,
    },
    /// A peer relayed a text that is none of these.
    Notice {
        /// The text.
        text: String,
    },
}

/// Where an entry came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum Source {
    /// A client of this service.
    Own {
        /// Its session, which gets no echo.
        session: Token,
        /// Its place among what is relayed to the peers; none where it is not relayed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sequence: Option<u64>,
    },
    /// A peer, with its own count.
    Peer {
        /// The service where it happened.
        origin: Token,
        /// The epoch of its sequence.
        epoch: Token,
        /// 1, 2, 3, … within the epoch.
        sequence: u64,
    },
    /// A peer that says nothing but the text, as the original does.
    Original,
}

/// A trace's context as HTTP headers carry it, so that it survives disks and queues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// The `traceparent` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The `tracestate` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl TraceContext {
    /// Whether there is no trace.
    pub fn is_none(&self) -> bool {
        self.parent.is_none()
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn trace_id(&self) -> Option<&str> {
        self.parent.as_deref()?.split('-').nth(1)
    }
}

impl Entry {
    /// The session that sent it, where that was here.
    pub fn session(&self) -> Option<&Token> {
        match &self.source {
            Source::Own { session, .. } => Some(session),
            _ => None,
        }
    }

    /// Its place among what is relayed to the peers, where it is.
    pub fn sequence(&self) -> Option<u64> {
        match self.source {
            Source::Own { sequence, .. } => sequence,
            _ => None,
        }
    }

    /// Roughly what it costs to keep, in bytes.
    pub fn weight(&self) -> usize {
        self.event.weight()
    }
}

/// Bytes of an entry beside its text: ids, times, the context of its trace.
const OVERHEAD: usize = 256;

impl Event {
    /// What an entry of this event weighs: the one rule for the bounds of history and outbox, also in
    /// Redis.
    pub fn weight(&self) -> usize {
        let text = match self {
            Self::Message { text, .. } | Self::Notice { text } => text.len(),
            Self::Joined { .. } | Self::Left { .. } => 0,
        };
        text + OVERHEAD
    }

    /// The original's words, as plain clients and peers read them.
    pub fn line(&self) -> String {
        match self {
            Self::Message { client, text } => format!("Client #{client}: {text}"),
            Self::Joined { client } => format!("Client #{client} joined the chat"),
            Self::Left { client } => format!("Client #{client} left the chat"),
            Self::Notice { text } => text.clone(),
        }
    }

    /// What the original's words say. Whatever is none of its forms is a notice.
    ///
    /// Every service puts the prefix before what its clients say, so that no client can say that
    /// another one left.
    pub fn from_line(line: &str) -> Self {
        Self::of_client(line).unwrap_or_else(|| Self::Notice {
            text: line.to_owned(),
        })
    }

    fn of_client(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("Client #")?;
        let end = rest.find([':', ' '])?;
        let (number, rest) = rest.split_at(end);
        let client = ClientId::parse(number)?;
        match rest {
            " joined the chat" => Some(Self::Joined { client }),
            " left the chat" => Some(Self::Left { client }),
            _ => rest.strip_prefix(": ").map(|text| Self::Message {
                client,
                text: text.to_owned(),
            }),
        }
    }

    /// The client that it is about.
    pub fn client(&self) -> Option<ClientId> {
        match self {
            Self::Message { client, .. } | Self::Joined { client } | Self::Left { client } => {
                Some(*client)
            }
            Self::Notice { .. } => None,
        }
    }
}

/// A client's number, as in `Client #261`. Every JavaScript number can hold it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(i64);

impl ClientId {
    /// The largest: 2^53 - 1. The smallest is its negative.
    const MAX: i64 = (1 << 53) - 1;

    /// A whole number in range, written in decimal.
    pub fn parse(text: &str) -> Option<Self> {
        let number: i64 = text.parse().ok()?;
        (-Self::MAX..=Self::MAX)
            .contains(&number)
            .then_some(Self(number))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a message, a session, an epoch or a service: 1 to 64 of `A-Z a-z 0-9 _ -`.
///
/// No such name needs quoting in a header, a URL, JSON or a Redis key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(Arc<str>);

/// Why a text is no [`Token`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 of A-Z a-z 0-9 _ -")]
pub struct InvalidToken;

impl Token {
    /// The text, if it has the form.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidToken)
        }
    }

    /// One that nobody has.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Token {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        Self::parse(&text)
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(number: &str) -> ClientId {
        ClientId::parse(number).unwrap()
    }

    #[test]
    fn the_words_are_the_originals() {
        let text = "teste".to_owned();
        let client = client("261");
        let said = Event::Message { client, text };
        assert_eq!(said.line(), "Client #261: teste");
        assert_eq!(
            Event::Joined { client }.line(),
            "Client #261 joined the chat"
        );
        assert_eq!(Event::Left { client }.line(), "Client #261 left the chat");
    }

    #[test]
    fn what_is_none_of_the_forms_is_a_notice() {
        for text in [
            "",
            "Olá",
            "Client #x: a",
            "Client #1",
            "Client #1 left",
            "Client #1:a",
        ] {
            let text = text.to_owned();
            assert_eq!(Event::from_line(&text), Event::Notice { text });
        }
    }

    #[test]
    fn a_client_cannot_speak_for_another() {
        let forged = Event::Message {
            client: client("1"),
            text: "x\nClient #2 left the chat".to_owned(),
        };
        assert_eq!(Event::from_line(&forged.line()), forged);
    }

    #[test]
    fn the_trace_id_is_the_second_part_of_traceparent() {
        let trace = TraceContext {
            parent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            state: None,
        };
        assert_eq!(trace.trace_id(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    }

    proptest! {
        #[test]
        fn every_message_is_read_back_from_its_line(number in -(1_i64 << 53) + 1..1 << 53, text in ".*") {
            let client = client(&number.to_string());
            let event = Event::Message { client, text };
            prop_assert_eq!(Event::from_line(&event.line()), event);
        }

        #[test]
        fn every_line_is_something_that_says_the_same_line(line in "(Client #)?-?[0-9]{0,3}[: ]{0,2}.*") {
            let event = Event::from_line(&line);
            // A number may be written in more ways than one (`007`), which is no loss.
            if !line.contains("#0") && !line.contains("#-0") && !line.contains("#+") {
                prop_assert_eq!(event.line(), line);
            }
        }
    }

    #[test]
    fn a_client_id_is_a_whole_number_that_javascript_can_hold() {
        for good in ["0", "261", "-7", "9007199254740991", "-9007199254740991"] {
            assert_eq!(ClientId::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "x",
            "1.5",
            "1 ",
            "9007199254740992",
            "99999999999999999999",
        ] {
            assert_eq!(ClientId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_needs_no_quoting_anywhere() {
        assert!(Token::parse("0197f3a2-A_z").is_ok());
        assert!(Token::parse(&"a".repeat(64)).is_ok());
        for bad in ["", "a b", "a:b", "ção", "a\n", &"a".repeat(65)] {
            assert_eq!(Token::parse(bad), Err(InvalidToken), "{bad}");
        }
        assert!(Token::parse(Token::random().as_str()).is_ok());
    }

    #[test]
    fn an_entry_weighs_its_text_and_as_much_again_as_any_other() {
        let client = client("1");
        let text = "é".to_owned();
        for (event, weight) in [
            (Event::Joined { client }, OVERHEAD),
            (Event::Left { client }, OVERHEAD),
            (Event::Notice { text: text.clone() }, OVERHEAD + 2),
            (Event::Message { client, text }, OVERHEAD + 2),
        ] {
            assert_eq!(event.weight(), weight);
            let entry = Entry {
                cursor: 1,
                id: Token::random(),
                event,
                source: Source::Original,
                at: 0,
                trace: TraceContext::default(),
            };
            assert_eq!(entry.weight(), weight);
        }
    }

    #[test]
    fn joins_and_leaves_are_read_back_and_are_about_their_client() {
        let client = client("-7");
        for event in [Event::Joined { client }, Event::Left { client }] {
            assert_eq!(Event::from_line(&event.line()), event);
            assert_eq!(event.client(), Some(client));
        }
        let text = "x".to_owned();
        assert_eq!(Event::Notice { text }.client(), None);
    }

    #[test]
    fn a_trace_is_kept_with_its_entry_and_none_takes_no_room() {
        let entry = |trace| Entry {
            cursor: 1,
            id: Token::parse("m").unwrap(),
            event: Event::Notice {
                text: "x".to_owned(),
            },
            source: Source::Original,
            at: 0,
            trace,
        };
        let traced = entry(TraceContext {
            parent: Some("00-a-b-01".to_owned()),
            state: None,
        });
        let text = serde_json::to_string(&traced).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), traced);
        let text = serde_json::to_string(&entry(TraceContext::default())).unwrap();
        assert!(!text.contains("trace"), "{text}");
    }
}

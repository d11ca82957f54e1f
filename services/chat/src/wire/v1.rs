//! The frames of `malha.chat.v1`.

use serde::{Deserialize, Serialize};

use crate::domain::presence::{Presence, Roster};
use crate::domain::{ClientId, Entry, Event, Source, Token};

/// A frame from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientFrame {
    /// A message.
    Send(Send),
    /// The client asks whether the server is alive.
    Ping {
        /// Returned as it came.
        at: serde_json::Value,
    },
    /// A frame of a type that this version does not know.
    Unknown {
        /// Its id, if it has one.
        id: Option<String>,
    },
}

/// A message as the client sent it.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Send {
    /// The client makes it.
    pub id: Option<String>,
    /// Empty where the frame has none.
    #[serde(default)]
    pub text: String,
    /// The context of the client's own span.
    pub traceparent: Option<String>,
}

/// A frame that this protocol does not allow.
#[derive(Debug, thiserror::Error)]
#[error("bad frame: {0}")]
pub struct BadFrame(#[from] serde_json::Error);

/// Reads a frame from a client.
pub fn parse(frame: &str) -> Result<ClientFrame, BadFrame> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
        id: Option<String>,
        at: Option<serde_json::Value>,
    }
    let typed: Typed = serde_json::from_str(frame)?;
    Ok(match typed.r#type.as_str() {
        "send" => ClientFrame::Send(serde_json::from_str(frame)?),
        "ping" => ClientFrame::Ping {
            at: typed.at.unwrap_or_default(),
        },
        _ => ClientFrame::Unknown { id: typed.id },
    })
}

/// A frame from the server.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ServerFrame<'a> {
    /// The first frame of a connection.
    Welcome(Box<Welcome<'a>>),
    /// The answer to `ping`.
    Pong {
        /// The value that came with it.
        at: &'a serde_json::Value,
    },
    /// The state of another service changed.
    Peer(&'a PeerState),
    /// Who is at every service, after a peer's report changed it.
    Presence { presence: Vec<PresenceFrame<'a>> },
    /// A message from another session.
    Message {
        cursor: u64,
        id: &'a Token,
        client: ClientId,
        /// None where an original relayed it.
        service: Option<&'a Token>,
        text: &'a str,
        /// Milliseconds since 1970.
        at: u64,
        /// The id of its trace.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace: Option<&'a str>,
    },
    /// A client came.
    Joined(MembershipFrame<'a>),
    /// A client left.
    Left(MembershipFrame<'a>),
    /// An original peer relayed a text of its own.
    Notice {
        cursor: u64,
        id: &'a Token,
        text: &'a str,
        /// Milliseconds since 1970.
        at: u64,
    },
    /// The receiver's own message is in the log.
    Accepted {
        /// For a repetition: the cursor of the first one, if that is still known.
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<u64>,
        id: &'a Token,
        /// Sent for a page that was loaded anew and no longer has it.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        /// Milliseconds since 1970.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// The id of its trace.
        #[serde(skip_serializing_if = "Option::is_none")]
        trace: Option<&'a str>,
        /// Whether this answers a repetition.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
    },
    /// A peer has taken the receiver's own message.
    Delivered {
        id: &'a Token,
        service: &'a str,
        /// The cursor with which this service accepted the message.
        through: u64,
    },
    /// A frame from the receiver was refused.
    Refused(Refused<'a>),
}

/// The first frame of a connection.
#[derive(Debug, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Welcome<'a> {
    pub service: &'a Token,
    pub client: ClientId,
    pub session: &'a Token,
    pub epoch: &'a Token,
    /// The cursor after which the entries that follow begin.
    pub cursor: u64,
    /// Whether nothing was missed; none for a newcomer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
    /// How many older entries follow.
    pub behind: usize,
    /// By service, the cursor up to which it has taken everything.
    pub delivered: serde_json::Map<String, serde_json::Value>,
    pub peers: Vec<&'a PeerState>,
    pub presence: Vec<PresenceFrame<'a>>,
    /// Where a person can look at traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_url: Option<&'a str>,
    /// The largest message that a client may send.
    pub max_message_bytes: usize,
    /// Milliseconds of silence after which the server pings.
    pub ping_interval: u64,
    /// Whether what a peer does not take at once is lost, instead of waiting for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_most_once: bool,
}

/// Another service, as seen from here.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct PeerState {
    /// Its name, or its host until it has said its name.
    pub service: String,
    /// Whether the last attempt to reach it succeeded.
    pub reachable: bool,
    /// How many entries wait for it.
    pub waiting: usize,
    /// Its previous name, in the frame in which the name changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// Who is connected to one service.
#[derive(Debug, Serialize)]
pub struct PresenceFrame<'a> {
    service: &'a Token,
    count: usize,
    clients: Vec<ClientId>,
}

/// A client came or left.
#[derive(Debug, Serialize)]
pub struct MembershipFrame<'a> {
    cursor: u64,
    id: &'a Token,
    client: ClientId,
    service: Option<&'a Token>,
    at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
}

/// Why a frame was refused.
#[derive(Debug, Serialize)]
pub struct Refused<'a> {
    /// The id of the frame, if it had one.
    pub id: Option<&'a str>,
    /// A bounded name, for programs.
    pub reason: &'a str,
    /// The reason for people.
    pub text: &'a str,
    /// Milliseconds after which another attempt makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The service that refused it, where it is not this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<&'a str>,
    /// The id of the message's trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<&'a str>,
}

/// At most so many clients of each service are named.
const NAMED: usize = 100;

impl<'a> PresenceFrame<'a> {
    /// One for each service of which something is known, for `welcome` and `presence`.
    pub fn all(presence: &'a Presence) -> Vec<Self> {
        let frame = |(service, here): (&'a Token, &Roster)| Self {
            service,
            count: here.count(),
            clients: here.clients().take(NAMED).collect(),
        };
        presence.services().map(frame).collect()
    }
}

impl<'a> ServerFrame<'a> {
    /// The frame that shows an entry to everybody. `own` is the name of this service.
    pub fn of_entry(own: &'a Token, entry: &'a Entry) -> Self {
        let service = match &entry.source {
            Source::Own { .. } => Some(own),
            Source::Peer { origin, .. } => Some(origin),
            Source::Original => None,
        };
        let (cursor, id, at) = (entry.cursor, &entry.id, entry.at);
        let trace = entry.trace.trace_id();
        let moved = |client| MembershipFrame {
            cursor,
            id,
            client,
            service,
            at,
            trace,
        };
        match &entry.event {
            Event::Message { client, text } => Self::Message {
                cursor,
                id,
                client: *client,
                service,
                text,
                at,
                trace,
            },
            Event::Joined { client } => Self::Joined(moved(*client)),
            Event::Left { client } => Self::Left(moved(*client)),
            Event::Notice { text } => Self::Notice {
                cursor,
                id,
                text,
                at,
            },
        }
    }

    /// The frame that shows an entry to one session. A session sees its own message as accepted.
    pub fn for_session(own: &'a Token, entry: &'a Entry, session: &Token) -> Self {
        let is_own = entry.session() == Some(session);
        if let (Event::Message { text, .. }, true) = (&entry.event, is_own) {
            return Self::Accepted {
                cursor: Some(entry.cursor),
                id: &entry.id,
                text: Some(text),
                at: Some(entry.at),
                trace: entry.trace.trace_id(),
                duplicate: false,
            };
        }
        Self::of_entry(own, entry)
    }

    /// The frame as JSON. These types always become JSON.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The text for people that belongs to a reason.
pub fn reason_text(reason: &str) -> &'static str {
    match reason {
        "rate" => "mensagens demais; aguarde um momento",
        "outbox_full" => "o outro serviço está fora e a fila para ele está cheia",
        "unavailable" => "o armazenamento não responde",
        "empty" => "a mensagem está vazia",
        "id" => "a mensagem não tem um id válido",
        "type" => "tipo desconhecido",
        "undeliverable" => "o outro serviço recusou a mensagem, ou não respondeu a tempo",
        _ => "recusada",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::TraceContext;

    #[test]
    fn frames_of_clients_are_read() {
        let send = parse(r#"{"type":"send","id":"1","text":"olá","more":[1]}"#).unwrap();
        let expected = Send {
            id: Some("1".to_owned()),
            text: "olá".to_owned(),
            traceparent: None,
        };
        assert_eq!(send, ClientFrame::Send(expected));
        let ping = parse(r#"{"type":"ping","at":7}"#).unwrap();
        assert_eq!(ping, ClientFrame::Ping { at: json!(7) });
        let unknown = parse(r#"{"type":"dance","id":"9"}"#).unwrap();
        assert_eq!(
            unknown,
            ClientFrame::Unknown {
                id: Some("9".to_owned())
            }
        );
        for bad in [
            "",
            "olá",
            "[]",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"send","text":1}"#,
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    fn entry(event: Event, source: Source) -> Entry {
        Entry {
            cursor: 42,
            id: Token::parse("m").unwrap(),
            event,
            source,
            at: 5,
            trace: TraceContext {
                parent: Some("00-4bf9-00f0-01".to_owned()),
                state: None,
            },
        }
    }

    fn read(frame: &ServerFrame<'_>) -> serde_json::Value {
        serde_json::from_str(&frame.encode()).unwrap()
    }

    #[test]
    fn an_entry_is_a_message_to_others_and_accepted_to_its_session() {
        let own = Token::parse("serviceA").unwrap();
        let (client, text) = (ClientId::parse("9").unwrap(), "teste".to_owned());
        let session = Token::parse("s").unwrap();
        let source = Source::Own {
            session: session.clone(),
            sequence: Some(1),
        };
        let entry = entry(Event::Message { client, text }, source);
        let other = Token::parse("t").unwrap();
        assert_eq!(
            read(&ServerFrame::for_session(&own, &entry, &other)),
            json!({"type":"message","cursor":42,"id":"m","client":9,"service":"serviceA","text":"teste","at":5,"trace":"4bf9"})
        );
        assert_eq!(
            read(&ServerFrame::for_session(&own, &entry, &session)),
            json!({"type":"accepted","cursor":42,"id":"m","text":"teste","at":5,"trace":"4bf9"})
        );
    }

    #[test]
    fn originals_have_no_service_and_newcomers_see_themselves_join() {
        let own = Token::parse("serviceA").unwrap();
        let client = ClientId::parse("9").unwrap();
        let joined = entry(Event::Joined { client }, Source::Original);
        assert_eq!(
            read(&ServerFrame::of_entry(&own, &joined)),
            json!({"type":"joined","cursor":42,"id":"m","client":9,"service":null,"at":5,"trace":"4bf9"})
        );
        let session = Token::parse("s").unwrap();
        let source = Source::Own {
            session: session.clone(),
            sequence: None,
        };
        let joined = entry(Event::Joined { client }, source);
        let frame = read(&ServerFrame::for_session(&own, &joined, &session));
        assert_eq!(
            (&frame["type"], &frame["service"]),
            (&json!("joined"), &json!("serviceA"))
        );
    }

    #[test]
    fn who_is_where_is_said_of_every_service_and_a_bounded_number_is_named() {
        let client = |number: usize| ClientId::parse(&number.to_string()).unwrap();
        let (small, large) = (Token::parse("a").unwrap(), Token::parse("b").unwrap());
        let mut presence = Presence::default();
        presence.replace(small, Roster::from_iter([(client(7), 2)]));
        presence.replace(
            large,
            (0..=NAMED).map(|number| (client(number), 1)).collect(),
        );
        let presence = PresenceFrame::all(&presence);
        let frame = read(&ServerFrame::Presence { presence });
        let named: Vec<_> = (0..NAMED).collect();
        assert_eq!(
            frame,
            json!({"type":"presence","presence":[
                {"service":"a","count":2,"clients":[7]},
                {"service":"b","count":NAMED + 1,"clients":named},
            ]})
        );
    }

    #[test]
    fn people_are_told_each_reason_in_words_of_its_own() {
        let reasons = [
            "rate",
            "outbox_full",
            "unavailable",
            "empty",
            "id",
            "type",
            "undeliverable",
        ];
        let texts = reasons.map(reason_text);
        assert_eq!(
            texts,
            [
                "mensagens demais; aguarde um momento",
                "o outro serviço está fora e a fila para ele está cheia",
                "o armazenamento não responde",
                "a mensagem está vazia",
                "a mensagem não tem um id válido",
                "tipo desconhecido",
                "o outro serviço recusou a mensagem, ou não respondeu a tempo",
            ]
        );
        assert_eq!(reason_text("loop"), "recusada");
    }
}

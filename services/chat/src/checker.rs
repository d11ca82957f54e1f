//! Reads what every client did and saw, and says what must not have happened.
//!
//! In the manner of Jepsen: clients act while services and networks fail, each keeps a log, and a
//! pure function judges the logs afterwards. It knows nothing of how the chat works. The promises:
//!
//! - what was accepted is seen by everybody who was in a room when it was sent and stayed, over
//!   lost connections too, unless the reader was told that something was missed;
//! - nobody sees a message twice, or one that nobody sent, or one that was refused;
//! - nobody sees an own message as that of another;
//! - each reader sees the accepted messages of a sender in the order in which they were accepted;
//! - joins and leaves of a client alternate.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What one client did and saw, over all its connections, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLog {
    /// The client's number.
    pub client: i64,
    /// The events.
    pub events: Vec<Event>,
}

/// Something that a client did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, by a clock that all clients share.
    pub at: u64,
    /// What.
    pub what: Seen,
}

/// What a client did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was welcomed, and told whether nothing was missed; none if it had not been here before.
    Connected(Option<bool>),
    /// It lost its connection, or closed it.
    Disconnected,
    /// It sent a message, for the first time or again.
    Sent(String),
    /// Its message was accepted.
    Accepted(String),
    /// Its message was refused.
    Refused(String),
    /// It saw a message.
    Message {
        /// The message.
        id: String,
        /// Who is said to have sent it.
        client: i64,
    },
    /// It saw a client come.
    Joined(i64),
    /// It saw a client go.
    Left(i64),
}

/// What must not have happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// An accepted message was not seen by somebody who was there.
    Lost {
        /// The message.
        id: String,
        /// Who did not see it.
        reader: i64,
    },
    /// Somebody saw a message twice.
    Doubled {
        /// The message.
        id: String,
        /// Who.
        reader: i64,
    },
    /// Somebody saw two messages of one sender in another order than they were accepted in.
    Disordered {
        /// The one that was seen first.
        first: String,
        /// The one that was seen after it.
        then: String,
        /// Who.
        reader: i64,
    },
    /// Somebody saw its own message as that of another.
    Echoed {
        /// The message.
        id: String,
        /// Who.
        reader: i64,
    },
    /// Somebody saw a message that nobody sent, or that another client sent.
    Invented {
        /// The message.
        id: String,
        /// Who.
        reader: i64,
    },
    /// Somebody saw a message whose sender was told that it is nowhere.
    RefusedButSeen {
        /// The message.
        id: String,
        /// Who.
        reader: i64,
    },
    /// Somebody saw a client come who was here, or go who was not.
    Unpaired {
        /// Who came or went.
        client: i64,
        /// Who saw it.
        reader: i64,
    },
    /// A message has no answer though its sender stayed until the end.
    Unanswered {
        /// The message.
        id: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { id, reader } => write!(f, "{reader} never saw {id}"),
            Self::Doubled { id, reader } => write!(f, "{reader} saw {id} twice"),
            Self::Disordered {
                first,
                then,
                reader,
            } => write!(f, "{reader} saw {first} before {then}"),
            Self::Echoed { id, reader } => write!(f, "{reader} saw its own {id}"),
            Self::Invented { id, reader } => write!(f, "{reader} saw {id}, which nobody sent so"),
            Self::RefusedButSeen { id, reader } => {
                write!(f, "{reader} saw {id}, which was refused")
            }
            Self::Unpaired { client, reader } => {
                write!(f, "{reader} saw {client} come or go twice in a row")
            }
            Self::Unanswered { id } => write!(f, "{id} was neither accepted nor refused"),
        }
    }
}

/// What the senders' logs say of every message.
#[derive(Debug, Default)]
struct Messages {
    by_id: BTreeMap<String, Message>,
    /// The accepted ones of each sender, in their order.
    accepted: BTreeMap<i64, Vec<String>>,
}

#[derive(Debug)]
struct Message {
    sender: i64,
    first_sent: u64,
    accepted: bool,
    /// Whether the last answer was a refusal.
    refused: bool,
}

/// Judges the logs of all clients. The last of them must end after the last message could arrive.
pub fn check(logs: &[ClientLog]) -> Vec<Violation> {
    let messages = Messages::of(logs);
    let mut violations = messages.unanswered(logs);
    for log in logs {
        let reader = Reader::of(log);
        violations.extend(reader.lost(&messages));
        violations.extend(reader.wrongly_seen(&messages));
        violations.extend(reader.disordered(&messages));
        violations.extend(unpaired(log));
    }
    violations.sort();
    violations.dedup();
    violations
}

impl Messages {
    fn of(logs: &[ClientLog]) -> Self {
        let mut messages = Self::default();
        for log in logs {
            for Event { at, what } in &log.events {
                messages.note(log.client, *at, what);
            }
        }
        messages
    }

    fn note(&mut self, sender: i64, at: u64, what: &Seen) {
        match what {
            Seen::Sent(id) => {
                self.by_id.entry(id.clone()).or_insert(Message {
                    sender,
                    first_sent: at,
                    accepted: false,
                    refused: false,
                });
            }
            Seen::Accepted(id) => {
                if let Some(message) = self.by_id.get_mut(id) {
                    if !message.accepted {
                        self.accepted.entry(sender).or_default().push(id.clone());
                    }
                    (message.accepted, message.refused) = (true, false);
                }
            }
            Seen::Refused(id) => {
                if let Some(message) = self.by_id.get_mut(id) {
                    message.refused = !message.accepted;
                }
            }
            _ => {}
        }
    }

    /// Messages without an answer, of senders that were connected at the end.
    fn unanswered(&self, logs: &[ClientLog]) -> Vec<Violation> {
        let stayed: BTreeSet<i64> = logs
            .iter()
            .filter(|log| Reader::of(log).stayed)
            .map(|log| log.client)
            .collect();
        let open = self.by_id.iter().filter(|(_, message)| {
            !message.accepted && !message.refused && stayed.contains(&message.sender)
        });
        open.map(|(id, _)| Violation::Unanswered { id: id.clone() })
            .collect()
    }
}

/// A client as one that reads.
#[derive(Debug)]
struct Reader {
    client: i64,
    /// Since when it has been here without having missed anything.
    since: Option<u64>,
    /// Whether it was connected at the end.
    stayed: bool,
    /// Messages and who is said to have sent them, in its order; a new list after it was told that
    /// something was missed.
    saw: Vec<Vec<(String, i64)>>,
}

impl Reader {
    fn of(log: &ClientLog) -> Self {
        let mut reader = Self {
            client: log.client,
            since: None,
            stayed: false,
            saw: vec![Vec::new()],
        };
        for Event { at, what } in &log.events {
            match what {
                Seen::Connected(recovered) => {
                    reader.stayed = true;
                    if *recovered != Some(true) {
                        reader.since = Some(*at);
                        reader.saw.push(Vec::new());
                    }
                }
                Seen::Disconnected => reader.stayed = false,
                Seen::Message { id, client } => {
                    if let Some(saw) = reader.saw.last_mut() {
                        saw.push((id.clone(), *client));
                    }
                }
                _ => {}
            }
        }
        reader
    }

    fn lost(&self, messages: &Messages) -> Vec<Violation> {
        let (Some(since), true) = (self.since, self.stayed) else {
            return Vec::new();
        };
        let seen: BTreeSet<&str> = self.saw.iter().flatten().map(|(id, _)| &**id).collect();
        let due = messages.by_id.iter().filter(|(_, message)| {
            message.accepted && message.sender != self.client && message.first_sent > since
        });
        due.filter(|(id, _)| !seen.contains(id.as_str()))
            .map(|(id, _)| Violation::Lost {
                id: id.clone(),
                reader: self.client,
            })
            .collect()
    }

    fn wrongly_seen(&self, messages: &Messages) -> Vec<Violation> {
        let (mut violations, reader) = (Vec::new(), self.client);
        for saw in &self.saw {
            let mut before = BTreeSet::new();
            for (id, client) in saw {
                let is_new = before.insert(id);
                let id = id.clone();
                let message = messages.by_id.get(&id);
                if !is_new {
                    violations.push(Violation::Doubled { id, reader });
                } else if message.is_none_or(|message| message.sender != *client) {
                    violations.push(Violation::Invented { id, reader });
                } else if *client == reader {
                    violations.push(Violation::Echoed { id, reader });
                } else if message.is_some_and(|message| message.refused) {
                    violations.push(Violation::RefusedButSeen { id, reader });
                }
            }
        }
        violations
    }

    fn disordered(&self, messages: &Messages) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (sender, accepted) in &messages.accepted {
            let place: BTreeMap<&str, usize> = accepted
                .iter()
                .enumerate()
                .map(|(at, id)| (&**id, at))
                .collect();
            for saw in &self.saw {
                let of_sender = saw.iter().filter(|(_, client)| client == sender);
                let known: Vec<_> = of_sender
                    .filter_map(|(id, _)| Some((id, *place.get(id.as_str())?)))
                    .collect();
                let wrong = known.windows(2).filter(|pair| pair[0].1 > pair[1].1);
                violations.extend(wrong.map(|pair| Violation::Disordered {
                    first: pair[0].0.clone(),
                    then: pair[1].0.clone(),
                    reader: self.client,
                }));
            }
        }
        violations
    }
}

/// Clients that came twice in a row, or went twice, before one reader's eyes.
fn unpaired(log: &ClientLog) -> Vec<Violation> {
    let (mut violations, mut here) = (Vec::new(), BTreeMap::new());
    for event in &log.events {
        let (client, comes) = match event.what {
            Seen::Joined(client) => (client, true),
            Seen::Left(client) => (client, false),
            // What it missed may have been a join or a leave.
            Seen::Connected(Some(false)) => {
                here.clear();
                continue;
            }
            _ => continue,
        };
        if here.insert(client, comes) == Some(comes) {
            let reader = log.client;
            violations.push(Violation::Unpaired { client, reader });
        }
    }
    violations
}

//! What is said in the room, who is in it, and what each of them gets to see.
//!
//! Pure state: a change returns what is to be delivered. The hub has the lock and the connections.

mod awaited;
mod join;
mod peers;

use awaited::Awaited;
pub(super) use awaited::Gone;
pub(super) use join::{Admitted, join_request, leave_request};
pub use join::{Join, Resume, WelcomeSettings};
pub use peers::PeerName;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::domain::log::{AppendOutcome, AppendRequest, Log, Record};
use crate::domain::presence::{Presence, Roster};
use crate::domain::{ClientId, Entry, Event, Token};
use crate::metrics::ProtocolLabel;
use crate::wire::v1::ServerFrame;
use crate::wire::websocket;
use peers::Peer;

/// The room. `H` is the handle of a client's connection.
#[derive(Debug)]
pub(super) struct Room<H> {
    log: Log,
    presence: Presence,
    /// In the order in which they came, so that simulations repeat.
    members: BTreeMap<MemberId, Member<H>>,
    sessions: HashMap<Token, MemberId>,
    next: u64,
    /// Members who are gone and whose leave is not in the log yet.
    leaving: usize,
    awaited: Awaited,
    peers: Vec<Peer>,
}

/// A connection in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberId(pub(in crate::hub) u64);

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The original's text.
    Plain,
    /// `malha.chat.v1`.
    V1,
}

impl Protocol {
    /// A bounded name, for metrics and spans.
    pub fn code(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::V1 => "v1",
        }
    }

    pub(in crate::hub) fn label(self) -> ProtocolLabel {
        ProtocolLabel {
            protocol: self.code(),
        }
    }
}

/// Why the room ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The client did not read what was sent to it.
    TooSlow,
    /// Another connection of its session came.
    Replaced,
    /// The room missed entries that the client had to see. It comes back and is told.
    MissedEntries,
}

/// One client in the room. `H` is the handle of its connection.
#[derive(Debug)]
pub(in crate::hub) struct Member<H> {
    pub(in crate::hub) client: ClientId,
    pub(in crate::hub) session: Token,
    pub(in crate::hub) protocol: Protocol,
    /// Whether its join was relayed.
    pub(in crate::hub) announced: bool,
    /// The client has seen everything up to this cursor.
    pub(in crate::hub) seen: u64,
    pub(in crate::hub) handle: H,
}

/// A frame for one client.
#[derive(Debug)]
pub(super) struct Delivery<H> {
    pub(super) to: H,
    pub(super) frame: Bytes,
}

impl<H: Clone> Room<H> {
    /// An empty room around a log. `roster` is who is at other replicas of this service; without
    /// it, the sessions that the log knows are awaited.
    pub(super) fn new(log: Log, roster: Option<Roster>, peers: Vec<PeerName>) -> Self {
        let (mut presence, mut awaited) = (Presence::default(), Awaited::default());
        match roster {
            Some(roster) => {
                presence.replace(log.service().clone(), roster);
            }
            None if log.sessions().is_empty() => {}
            None => {
                let clients = log.sessions().values().map(|of| of.client);
                presence.replace(log.service().clone(), clients.collect());
                awaited = Awaited::new(log.sessions());
            }
        }
        Self {
            log,
            presence,
            members: BTreeMap::new(),
            sessions: HashMap::new(),
            next: 0,
            leaving: 0,
            awaited,
            peers: peers.into_iter().map(Peer::new).collect(),
        }
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// How many are in the room, are awaited there, or have left without an entry that says so.
    pub(super) fn occupancy(&self) -> usize {
        self.members.len() + self.awaited.len() + self.leaving
    }

    /// Decides on a request: the entry to [append](Self::append), or why there is none.
    pub(super) fn decide(&self, request: AppendRequest) -> Result<Entry, AppendOutcome> {
        self.log.decide(request)
    }

    /// Appends an entry that was decided on, here or at another replica. It is encoded once for
    /// each protocol, and all share the bytes.
    pub(super) fn append(&mut self, entry: Entry) -> (Arc<Entry>, Vec<Delivery<H>>) {
        let entry = self.log.apply(entry);
        self.presence.apply(self.log.service(), &entry);
        let deliveries = self.deliveries(&entry);
        (entry, deliveries)
    }

    fn deliveries(&self, entry: &Entry) -> Vec<Delivery<H>> {
        let own = self.log.service();
        let is_message = matches!(entry.event, Event::Message { .. });
        let (plain, v1) = (OnceCell::new(), OnceCell::new());
        let mut deliveries = Vec::with_capacity(self.members.len());
        for member in self.members.values() {
            if entry.cursor <= member.seen {
                continue; // another replica showed it this
            }
            let is_own = is_message && entry.session() == Some(&member.session);
            let frame = match member.protocol {
                Protocol::Plain if is_own => continue,
                Protocol::Plain => plain
                    .get_or_init(|| websocket::text(&entry.event.line()))
                    .clone(),
                Protocol::V1 if is_own => {
                    websocket::text(&ServerFrame::for_session(own, entry, &member.session).encode())
                }
                Protocol::V1 => v1
                    .get_or_init(|| websocket::text(&ServerFrame::of_entry(own, entry).encode()))
                    .clone(),
            };
            let to = member.handle.clone();
            deliveries.push(Delivery { to, frame });
        }
        deliveries
    }

    /// A frame for everybody who speaks v1.
    fn to_all(&self, frame: &ServerFrame<'_>) -> Vec<Delivery<H>> {
        let frame = websocket::text(&frame.encode());
        let v1 = |member: &&Member<H>| member.protocol == Protocol::V1;
        let delivery = |member: &Member<H>| Delivery {
            to: member.handle.clone(),
            frame: frame.clone(),
        };
        self.members.values().filter(v1).map(delivery).collect()
    }

    /// A frame for one session, if it is here and speaks v1.
    fn to_session(&self, session: &Token, frame: &ServerFrame<'_>) -> Option<Delivery<H>> {
        let member = self.members.get(self.sessions.get(session)?)?;
        (member.protocol == Protocol::V1).then(|| Delivery {
            to: member.handle.clone(),
            frame: websocket::text(&frame.encode()),
        })
    }

    /// Says that this entry comes next though others are missing before it. Those who are here must
    /// be told: they are to be evicted, come back, and are.
    pub(super) fn detect_gap(&mut self, entry: &Entry) -> Vec<H> {
        let expected = self.log.history().last() + 1;
        if entry.cursor == expected {
            return Vec::new();
        }
        tracing::error!(expected, got = entry.cursor, "entries were missed");
        self.log.skip_to(entry.cursor);
        let members = self.members.values();
        members.map(|member| member.handle.clone()).collect()
    }

    /// The fewest records that rebuild the log.
    pub(super) fn snapshot(&self) -> Vec<Record> {
        self.log.snapshot()
    }
}

#[cfg(test)]
mod tests;

//! The log of one service: what it takes, in which order, and what it refuses.
//!
//! Everything that clients see has a cursor in it. `store/shared/append.lua` holds the same rules for
//! a log in Redis.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::History;
use super::outbox::{Bounds, Outbox};
use super::taken::{IdempotencyCache, Watermark, Watermarks};
use super::{ClientId, Entry, Event, Source, Token, TraceContext};

/// A request to append an entry.
#[derive(Clone, Debug)]
pub struct AppendRequest {
    /// Its name.
    pub id: Token,
    /// What happened.
    pub event: Event,
    /// Where it comes from; an own one gets its sequence number here.
    pub source: Source,
    /// When it happened: milliseconds since 1970.
    pub at: u64,
    /// Its trace.
    pub trace: TraceContext,
    /// Whether the peers are told.
    pub relay: RelayPolicy,
}

/// Whether an own entry is relayed to the peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayPolicy {
    /// It is relayed, or refused: a message.
    Required,
    /// It is relayed if the outbox has room: a join.
    IfRoom,
    /// It is relayed, beyond the bounds if need be: the leave after an announced join.
    Always,
    /// It is not relayed: the leave after a join that was not announced, and what a peer sent.
    Never,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is in the log.
    Appended(Arc<Entry>),
    /// It was appended before, at this cursor, if that is still known.
    Duplicate(Option<u64>),
    /// It is not in the log.
    Refused(Refusal),
    /// The store did not answer, so nobody knows. The request may be repeated.
    Unknown,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The slowest peer has as many entries waiting as are allowed.
    #[error("the outbox is full")]
    OutboxFull,
    /// A peer sent this service's own entry.
    #[error("a loop: this is this service's own message")]
    Loop,
    /// The store failed.
    #[error("the store does not answer")]
    Unavailable,
}

impl Refusal {
    /// A bounded name, as clients and metrics see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::OutboxFull => "outbox_full",
            Self::Loop => "loop",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How much a log keeps.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Entries for those who come back.
    pub history: usize,
    /// Bytes of these, roughly.
    pub history_bytes: usize,
    /// What may wait for a peer.
    pub outbox: Bounds,
}

/// The log of a service that has it for itself.
#[derive(Debug)]
pub struct Log {
    service: Token,
    epoch: Token,
    history: History,
    /// Ids of own messages, by session.
    own_ids: IdempotencyCache,
    /// Ids of peers' messages, by origin. An origin that lost its memory sends a message again under
    /// another sequence number.
    peer_ids: IdempotencyCache,
    watermarks: Watermarks,
    outbox: Outbox,
    /// Own sessions that joined and did not leave.
    sessions: BTreeMap<Token, LocalSession>,
}

/// A session of this service that joined and has not left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalSession {
    /// Whose it is.
    pub client: ClientId,
    /// Whether its join was relayed.
    #[serde(rename = "told")]
    pub announced: bool,
}

/// How many ids of own messages are remembered, and how many of peers' messages.
const REMEMBERED_IDS: usize = 10_000;

/// How many origins' watermarks are remembered. A peer that restarts without a disk is a new origin.
const ORIGINS: usize = 1024;

/// One step of a log, as a journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// The first record: whose log it is and where it stands.
    Log {
        /// The form of the records.
        version: u32,
        /// The service.
        service: Token,
        /// Its epoch.
        epoch: Token,
        /// The last cursor given.
        cursor: u64,
        /// The last sequence number given.
        sequence: u64,
    },
    /// The last sequence number taken from an origin, whose entries may be gone.
    #[serde(rename = "taken")]
    Watermark(Watermark),
    /// What a peer has taken.
    Acked {
        /// The peer.
        peer: String,
        /// Everything up to this number.
        through: u64,
    },
    /// A session that has not left, whose join may be gone.
    #[serde(rename = "here")]
    Session {
        /// The session.
        session: Token,
        /// Whose it is.
        #[serde(flatten)]
        here: LocalSession,
    },
    /// An entry.
    Entry(Entry),
}

/// The form of the records.
pub const VERSION: u32 = 1;

impl Log {
    /// An empty log.
    pub fn new(
        service: Token,
        epoch: Token,
        retention: Retention,
        peers: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            service,
            epoch,
            history: History::new(retention.history, retention.history_bytes),
            own_ids: IdempotencyCache::new(REMEMBERED_IDS),
            peer_ids: IdempotencyCache::new(REMEMBERED_IDS),
            watermarks: Watermarks::new(ORIGINS),
            outbox: Outbox::new(retention.outbox, peers),
            sessions: BTreeMap::new(),
        }
    }

    /// The service whose log it is.
    pub fn service(&self) -> &Token {
        &self.service
    }

    /// The name of this log.
    pub fn epoch(&self) -> &Token {
        &self.epoch
    }

    /// The last entries.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What the peers have yet to take.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The own sessions that joined and have not left.
    pub fn sessions(&self) -> &BTreeMap<Token, LocalSession> {
        &self.sessions
    }

    /// The last sequence number taken from an origin; 0 before the first.
    pub fn watermark(&self, origin: &Token, epoch: &Token) -> u64 {
        self.watermarks.last(origin, epoch)
    }

    /// Decides on a request: the entry to [apply](Self::apply), or why there is none.
    pub fn decide(&self, request: AppendRequest) -> Result<Entry, AppendOutcome> {
        let source = match request.source {
            Source::Own { session, .. } => {
                if let Some(cursor) = self.own_ids.cursor(&session, &request.id) {
                    return Err(AppendOutcome::Duplicate(Some(cursor)));
                }
                let sequence = self.sequence(request.relay, request.event.weight());
                let sequence = sequence.map_err(AppendOutcome::Refused)?;
                Source::Own { session, sequence }
            }
            Source::Peer { origin, epoch, .. } if origin == self.service && epoch == self.epoch => {
                return Err(AppendOutcome::Refused(Refusal::Loop));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => {
                if self.watermarks.covers(&origin, &epoch, sequence) {
                    return Err(AppendOutcome::Duplicate(None));
                }
                if let Some(cursor) = self.peer_ids.cursor(&origin, &request.id) {
                    return Err(AppendOutcome::Duplicate(Some(cursor)));
                }
                Source::Peer {
                    origin,
                    epoch,
                    sequence,
                }
            }
            Source::Original => Source::Original,
        };
        Ok(Entry {
            cursor: self.history.last() + 1,
            id: request.id,
            event: request.event,
            source,
            at: request.at,
            trace: request.trace,
        })
    }

    /// Appends the entry that was decided on.
    pub fn apply(&mut self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        match &entry.source {
            Source::Own { session, sequence } => {
                match entry.event {
                    Event::Message { .. } => {
                        self.own_ids
                            .insert(session.clone(), entry.id.clone(), entry.cursor);
                    }
                    Event::Joined { client } => {
                        let announced = sequence.is_some();
                        self.sessions
                            .insert(session.clone(), LocalSession { client, announced });
                    }
                    Event::Left { .. } => {
                        self.sessions.remove(session);
                    }
                    Event::Notice { .. } => {}
                }
                self.outbox.push(Arc::clone(&entry));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => {
                if matches!(entry.event, Event::Message { .. }) {
                    self.peer_ids
                        .insert(origin.clone(), entry.id.clone(), entry.cursor);
                }
                self.watermarks.advance(&Watermark {
                    origin: origin.clone(),
                    epoch: epoch.clone(),
                    sequence: *sequence,
                });
            }
            Source::Original => {}
        }
        self.history.push(Arc::clone(&entry));
        entry
    }

    /// A peer has taken everything up to this sequence number.
    pub fn acknowledge(&mut self, peer: &str, through: u64) {
        self.outbox.acknowledge(peer, through);
    }

    /// Peers of which nothing is known yet are sent what comes from now on.
    pub fn start_new_peers(&mut self) {
        self.outbox.start_new_peers();
    }

    /// Entries before this one were missed: nobody can resume from before them.
    pub fn skip_to(&mut self, cursor: u64) {
        self.history.skip_to(cursor);
    }

    /// Repeats a step that a journal has kept.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Log {
                epoch,
                cursor,
                sequence,
                ..
            } => {
                self.epoch = epoch;
                self.history.start_after(cursor);
                self.outbox.start_after(sequence);
            }
            Record::Watermark(of) => self.watermarks.advance(&of),
            Record::Acked { peer, through } => self.acknowledge(&peer, through),
            Record::Session { session, here } => {
                self.sessions.insert(session, here);
            }
            Record::Entry(entry) => {
                self.apply(entry);
            }
        }
    }

    /// The fewest records that rebuild this log.
    pub fn snapshot(&self) -> Vec<Record> {
        let mut records = vec![Record::Log {
            version: VERSION,
            service: self.service.clone(),
            epoch: self.epoch.clone(),
            cursor: self.history.last(),
            sequence: self.outbox.last(),
        }];
        records.extend(
            self.watermarks
                .snapshot()
                .into_iter()
                .map(Record::Watermark),
        );
        let acked = self.outbox.peers().map(|(peer, through)| Record::Acked {
            peer: peer.to_owned(),
            through,
        });
        records.extend(acked);
        let mut entries: Vec<_> = self
            .outbox
            .entries()
            .chain(self.history.entries())
            .cloned()
            .collect();
        entries.sort_by_key(|entry| entry.cursor);
        entries.dedup_by_key(|entry| entry.cursor);
        records.extend(entries.iter().map(|entry| Record::Entry((**entry).clone())));
        let here = self.sessions.iter().map(|(session, here)| Record::Session {
            session: session.clone(),
            here: *here,
        });
        records.extend(here);
        records
    }

    fn sequence(&self, relay: RelayPolicy, weight: usize) -> Result<Option<u64>, Refusal> {
        if !self.outbox.has_peers() {
            return Ok(None);
        }
        let next = Ok(Some(self.outbox.last() + 1));
        let has_room = self.outbox.has_room(weight);
        match relay {
            RelayPolicy::Always => next,
            RelayPolicy::Required | RelayPolicy::IfRoom if has_room => next,
            RelayPolicy::Required => Err(Refusal::OutboxFull),
            RelayPolicy::IfRoom | RelayPolicy::Never => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;

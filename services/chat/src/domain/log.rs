//! The log of one service: what it takes, in which order, and what it refuses.
//!
//! Everything that clients see has a place in it. With Redis the same rules stand in a script
//! there (`store/redis/append.lua`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::History;
use super::outbox::{Bounds, Outbox};
use super::recent::Recent;
use super::taken::{Taken, TakenOf};
use super::{ClientId, Entry, Source, Token, TraceContext, What};

/// What somebody wants in the log.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub id: Token,
    /// What happened.
    pub what: What,
    /// Where it comes from; an own one gets its sequence number here.
    pub source: Source,
    /// When it happened: milliseconds since 1970.
    pub at: u64,
    /// Its trace.
    pub trace: TraceContext,
    /// Whether the peers are told.
    pub passing: Passing,
}

/// Whether the peers are told of an own entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// They are, or the entry is refused: a message.
    Required,
    /// They are if the outbox has room: a join.
    IfRoom,
    /// They are, beyond the bounds if need be: the leave of whose join they were told.
    Always,
    /// They are not: the leave of whose join they were not told, and what comes from a peer.
    Never,
}

/// What became of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in the log.
    Taken(Arc<Entry>),
    /// It was taken before; here, if that is still known.
    Duplicate(Option<u64>),
    /// It is not in the log.
    Refused(Refusal),
    /// Nobody knows: the store did not answer. It may be offered again.
    Unknown,
}

/// Why something is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As many entries wait for a peer as may.
    #[error("the outbox is full")]
    OutboxFull,
    /// It is this service's own and comes from a peer.
    #[error("a loop: this is this service's own message")]
    Loop,
    /// The store does not take it.
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
pub struct Keeps {
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
    /// Own messages, by session.
    recent: Recent,
    /// Messages of peers, by origin: one that is sent again after its origin lost its memory comes
    /// with another number.
    relayed: Recent,
    taken: Taken,
    outbox: Outbox,
    /// Own sessions that joined and did not leave.
    here: BTreeMap<Token, Here>,
}

/// A session that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Here {
    /// Whose it is.
    pub client: ClientId,
    /// Whether the peers were told that it joined.
    pub told: bool,
}

/// Messages whose ids are remembered: so many own, and so many of peers.
const RECENT: usize = 10_000;

/// Origins whose last numbers are remembered: replicas of peers, and their earlier lives.
const ORIGINS: usize = 1024;

/// One step of a log, as a journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// Whose log it is and where it stands: the first record.
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
    /// What was taken of a peer, whose entries may be gone.
    Taken(TakenOf),
    /// What a peer has taken.
    Acked {
        /// The peer.
        peer: String,
        /// Everything up to this number.
        through: u64,
    },
    /// A session that is here, whose join may be gone.
    Here {
        /// The session.
        session: Token,
        /// Whose it is.
        #[serde(flatten)]
        here: Here,
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
        keeps: Keeps,
        peers: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            service,
            epoch,
            history: History::new(keeps.history, keeps.history_bytes),
            recent: Recent::new(RECENT),
            relayed: Recent::new(RECENT),
            taken: Taken::new(ORIGINS),
            outbox: Outbox::new(keeps.outbox, peers),
            here: BTreeMap::new(),
        }
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

    /// The own sessions that joined and did not leave.
    pub fn here(&self) -> &BTreeMap<Token, Here> {
        &self.here
    }

    /// The last number that was taken of a peer; 0 before the first.
    pub fn taken_of(&self, origin: &Token, epoch: &Token) -> u64 {
        self.taken.last(origin, epoch)
    }

    /// What would become of an offer: the entry to [take](Self::take), or why there is none.
    pub fn decide(&self, offer: Offer) -> Result<Entry, Verdict> {
        let source = match offer.source {
            Source::Own { session, .. } => {
                if let Some(cursor) = self.recent.cursor(&session, &offer.id) {
                    return Err(Verdict::Duplicate(Some(cursor)));
                }
                let weight = offer.what.line().len();
                let sequence = self.sequence(offer.passing, weight);
                let sequence = sequence.map_err(Verdict::Refused)?;
                Source::Own { session, sequence }
            }
            Source::Peer { origin, epoch, .. } if origin == self.service && epoch == self.epoch => {
                return Err(Verdict::Refused(Refusal::Loop));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => {
                if self.taken.has(&origin, &epoch, sequence) {
                    return Err(Verdict::Duplicate(None));
                }
                if let Some(cursor) = self.relayed.cursor(&origin, &offer.id) {
                    return Err(Verdict::Duplicate(Some(cursor)));
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
            id: offer.id,
            what: offer.what,
            source,
            at: offer.at,
            trace: offer.trace,
        })
    }

    /// Puts the entry that was just decided on into the log.
    pub fn take(&mut self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        match &entry.source {
            Source::Own { session, sequence } => {
                match entry.what {
                    What::Message { .. } => {
                        self.recent
                            .insert(session.clone(), entry.id.clone(), entry.cursor);
                    }
                    What::Joined { client } => {
                        let told = sequence.is_some();
                        self.here.insert(session.clone(), Here { client, told });
                    }
                    What::Left { .. } => {
                        self.here.remove(session);
                    }
                    What::Notice { .. } => {}
                }
                self.outbox.push(Arc::clone(&entry));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => {
                if matches!(entry.what, What::Message { .. }) {
                    self.relayed
                        .insert(origin.clone(), entry.id.clone(), entry.cursor);
                }
                self.taken.take(&TakenOf {
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
    pub fn acked(&mut self, peer: &str, through: u64) {
        self.outbox.taken_by(peer, through);
    }

    /// Peers of which nothing is known yet are sent what comes from now on.
    pub fn begin_with_new_peers(&mut self) {
        self.outbox.begin_with_new_peers();
    }

    /// Entries before this one were missed: nobody can resume from before them.
    pub fn miss_until(&mut self, cursor: u64) {
        self.history.miss_until(cursor);
    }

    /// Does one step again that a journal has kept.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Log {
                epoch,
                cursor,
                sequence,
                ..
            } => {
                self.epoch = epoch;
                self.history.begin_after(cursor);
                self.outbox.begin_after(sequence);
            }
            Record::Taken(of) => self.taken.take(&of),
            Record::Acked { peer, through } => self.acked(&peer, through),
            Record::Here { session, here } => {
                self.here.insert(session, here);
            }
            Record::Entry(entry) => {
                self.take(entry);
            }
        }
    }

    /// The fewest records that make this log again.
    pub fn snapshot(&self) -> Vec<Record> {
        let mut records = vec![Record::Log {
            version: VERSION,
            service: self.service.clone(),
            epoch: self.epoch.clone(),
            cursor: self.history.last(),
            sequence: self.outbox.last(),
        }];
        records.extend(self.taken.snapshot().into_iter().map(Record::Taken));
        let acked = self.outbox.peers().map(|(peer, through)| Record::Acked {
            peer: peer.to_owned(),
            through,
        });
        records.extend(acked);
        let mut entries: Vec<_> = self
            .outbox
            .letters()
            .chain(self.history.entries())
            .cloned()
            .collect();
        entries.sort_by_key(|entry| entry.cursor);
        entries.dedup_by_key(|entry| entry.cursor);
        records.extend(entries.iter().map(|entry| Record::Entry((**entry).clone())));
        let here = self.here.iter().map(|(session, here)| Record::Here {
            session: session.clone(),
            here: *here,
        });
        records.extend(here);
        records
    }

    fn sequence(&self, passing: Passing, weight: usize) -> Result<Option<u64>, Refusal> {
        if !self.outbox.has_peers() {
            return Ok(None);
        }
        let next = Ok(Some(self.outbox.last() + 1));
        let has_room = self.outbox.has_room(weight);
        match passing {
            Passing::Always => next,
            Passing::Required | Passing::IfRoom if has_room => next,
            Passing::Required => Err(Refusal::OutboxFull),
            Passing::IfRoom | Passing::Never => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;

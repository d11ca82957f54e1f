//! Where the log is: in this process, perhaps on its disk, or in Redis.

pub mod journal;
mod journal_queue;
pub mod shared;

use crate::domain::Token;
use crate::domain::log::{Log, Retention};
use crate::domain::presence::Roster;
use crate::settings::Disk;
use journal::{Journal, JournalError};
pub(crate) use journal_queue::JournalQueue;
use shared::{SharedLog, Snapshot};

/// A log as it stands, and what keeps it.
#[derive(Debug)]
pub struct Store {
    pub(crate) log: Log,
    /// Who is at other replicas, where there are any.
    pub(crate) roster: Option<Roster>,
    pub(crate) backend: Backend,
}

/// What keeps a log.
#[derive(Debug)]
pub(crate) enum Backend {
    /// Nothing: it is gone with the process.
    Memory,
    Disk(JournalQueue),
    /// Redis. The room's own log is a copy of what is there.
    Shared(SharedLog),
}

impl Store {
    /// A log that is gone with the process.
    pub fn in_memory(
        service: Token,
        retention: Retention,
        peers: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut log = Log::new(service, Token::random(), retention, peers);
        log.start_new_peers();
        Self {
            log,
            roster: None,
            backend: Backend::Memory,
        }
    }

    /// The log that this directory holds, or an empty one that it will hold.
    pub fn on_disk(
        service: &Token,
        retention: Retention,
        peers: impl IntoIterator<Item = String>,
        disk: &Disk,
    ) -> Result<Self, JournalError> {
        let (mut journal, records) = Journal::open(&disk.directory, service, disk.sync)?;
        let mut log = Log::new(service.clone(), Token::random(), retention, peers);
        for record in records {
            log.replay(record);
        }
        log.start_new_peers();
        let rewritten = journal.rewrite(&log.snapshot());
        rewritten.map_err(|source| JournalError::Io {
            path: disk.directory.display().to_string(),
            source,
        })?;
        Ok(Self {
            log,
            roster: None,
            backend: Backend::Disk(JournalQueue::new(journal)),
        })
    }

    /// The log that the replicas of a service share.
    pub fn shared(shared: SharedLog, snapshot: Snapshot) -> Self {
        Self {
            log: snapshot.log,
            roster: Some(snapshot.here),
            backend: Backend::Shared(shared),
        }
    }
}

//! A log that this process has for itself, in memory and perhaps on disk.

use super::journal::{Journal, JournalError};
use std::sync::Arc;

use crate::domain::log::{AppendOutcome, AppendRequest, Log, Record, Refusal, Retention};
use crate::domain::{Entry, Token};
use crate::settings::Disk;

/// The log and, where there is one, its journal.
#[derive(Debug)]
pub struct LocalLog {
    log: Log,
    journal: Option<Journal>,
}

impl LocalLog {
    /// A log that is gone with the process.
    pub fn in_memory(
        service: Token,
        retention: Retention,
        peers: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut log = Log::new(service, Token::random(), retention, peers);
        log.start_new_peers();
        Self { log, journal: None }
    }

    /// A copy of a log that is kept elsewhere, to be fed with what happens there.
    pub fn copy_of(log: Log) -> Self {
        Self { log, journal: None }
    }

    /// Follows the log that this is a copy of.
    pub fn apply(&mut self, entry: Entry) -> Arc<Entry> {
        self.log.apply(entry)
    }

    /// Forgets what is kept for those who come back: entries before this cursor were missed.
    pub fn skip_to(&mut self, cursor: u64) {
        self.log.skip_to(cursor);
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
        let journal = Some(journal);
        Ok(Self { log, journal })
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Whether it outlives the process.
    pub fn is_durable(&self) -> bool {
        self.journal.is_some()
    }

    /// Takes what is offered, or says why not. What is taken is on disk, where there is one.
    pub fn append(&mut self, request: AppendRequest) -> AppendOutcome {
        let entry = match self.log.decide(request) {
            Ok(entry) => entry,
            Err(outcome) => return outcome,
        };
        if self.is_durable() && !self.write(&Record::Entry(entry.clone())) {
            return AppendOutcome::Refused(Refusal::Unavailable);
        }
        let entry = self.log.apply(entry);
        self.shorten();
        AppendOutcome::Appended(entry)
    }

    /// A peer has taken everything up to this sequence number.
    pub fn acknowledge(&mut self, peer: &str, through: u64) {
        let record = Record::Acked {
            peer: peer.to_owned(),
            through,
        };
        // One that is not kept is sent again after a restart, and the peer takes it once.
        self.write(&record);
        self.log.acknowledge(peer, through);
    }

    /// Writes a record where there is a disk. Says whether it may count.
    fn write(&mut self, record: &Record) -> bool {
        let Some(journal) = &mut self.journal else {
            return true;
        };
        if let Err(error) = journal.append(record) {
            tracing::error!(%error, "OUTBOX_DIR does not take what happens");
            return false;
        }
        true
    }

    fn shorten(&mut self) {
        let Some(journal) = self.journal.as_mut().filter(|journal| journal.is_long()) else {
            return;
        };
        if let Err(error) = journal.rewrite(&self.log.snapshot()) {
            tracing::warn!(%error, "OUTBOX_DIR cannot be tidied up; it goes on growing");
        }
    }
}

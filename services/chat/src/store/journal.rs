//! The log on disk: a file of records, one JSON object a line, each written before it counts.
//!
//! A process that is killed may leave half a line at the end: nobody was told of it, so it is cut
//! off. Anything else that cannot be read stops the start: to go on would lose messages silently.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::domain::Token;
use crate::domain::log::{Record, VERSION};

/// The file of one service's log, which no other process has open.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    /// Rewritten beyond this length.
    limit: u64,
    sync: bool,
    /// Half a line could not be taken back: nothing may follow it before it is.
    broken: bool,
    /// Why the last record was not taken.
    failure: Option<String>,
    _lock: File,
}

/// Why a log on disk cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system says no.
    #[error("OUTBOX_DIR: {path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What it said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("OUTBOX_DIR: {path} is in use by another process; give each its own directory")]
    InUse {
        /// The lock file.
        path: String,
    },
    /// A line that is no record.
    #[error(
        "OUTBOX_DIR: {path}, line {line} is damaged: {reason}; move the file away to begin anew"
    )]
    Damaged {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

/// A file shorter than this is not worth rewriting.
const SHORT: u64 = 16 * 1024 * 1024;

/// More than any record of an ordinary message takes.
const LOOK: usize = 4096;

/// After so many bytes more it is tried again to rewrite a file where that failed.
const AGAIN: u64 = 1024 * 1024;

impl Journal {
    /// Opens the log of this service, and gives what it holds.
    pub fn open(
        directory: &Path,
        service: &Token,
        sync: bool,
    ) -> Result<(Self, Vec<Record>), JournalError> {
        let of = |path: &Path, source| JournalError::Io {
            path: path.display().to_string(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(|error| of(directory, error))?;
        let lock = lock(&directory.join(format!("{service}.lock")))?;
        let path = directory.join(format!("{service}.log"));
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&path)
            .map_err(|error| of(&path, error))?;
        let (records, length) = read(&path, &file)?;
        file.set_len(length).map_err(|error| of(&path, error))?;
        let journal = Self {
            path,
            file,
            length,
            limit: SHORT,
            sync,
            broken: false,
            failure: None,
            _lock: lock,
        };
        Ok((journal, records))
    }

    /// Writes one record. Where that fails, the file is as before.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let appended = self.try_append(record);
        self.failure = appended.as_ref().err().map(ToString::to_string);
        appended
    }

    fn try_append(&mut self, record: &Record) -> io::Result<()> {
        if self.broken {
            self.file.set_len(self.length)?;
            self.broken = false;
        }
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let mut written = self.file.write_all(&line);
        if written.is_ok() && self.sync {
            written = self.file.sync_data();
        }
        if let Err(error) = written {
            self.broken = self.file.set_len(self.length).is_err();
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Why it takes no records, as far as it is known.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Looks whether the disk takes writes again, by a file beside the log.
    pub fn look(&mut self) {
        let beside = self.path.with_extension("next");
        let looked = std::fs::write(&beside, [0; LOOK])
            .and_then(|()| File::open(&beside)?.sync_all())
            .and_then(|()| self.file.set_len(self.length));
        // Where it was not made, there is none.
        let _ = std::fs::remove_file(&beside);
        self.broken &= looked.is_err();
        self.failure = looked.err().map(|error| error.to_string());
    }

    /// Takes no record, as on a disk that is full, or takes them again.
    #[cfg(test)]
    pub(crate) fn set_broken(&mut self, broken: bool) {
        let file = OpenOptions::new()
            .read(true)
            .append(!broken)
            .open(&self.path);
        self.file = file.unwrap();
    }

    /// Whether it holds much more than it needs to.
    pub fn is_long(&self) -> bool {
        self.length > self.limit
    }

    /// Replaces all records, at once or not at all.
    pub fn rewrite(&mut self, records: &[Record]) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let replaced = write(&next, records).and_then(|()| std::fs::rename(&next, &self.path));
        if let Err(error) = replaced {
            // Half a log would take the room that the whole one needs.
            let _ = std::fs::remove_file(&next);
            // To try at each record would write the whole log each time.
            self.limit = self.limit.max(self.length).saturating_add(AGAIN);
            return Err(error);
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .open(&self.path)?;
        self.length = file.seek(SeekFrom::End(0))?;
        self.limit = SHORT.max(self.length.saturating_mul(4));
        self.file = file;
        self.broken = false;
        Ok(())
    }
}

/// Writes a whole file, to the disk itself.
fn write(path: &Path, records: &[Record]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for record in records {
        serde_json::to_writer(&mut file, record)?;
        file.write_all(b"\n")?;
    }
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn lock(path: &Path) -> Result<File, JournalError> {
    let of = |source| JournalError::Io {
        path: path.display().to_string(),
        source,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(of)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.display().to_string(),
        }),
        Err(std::fs::TryLockError::Error(error)) => Err(of(error)),
    }
}

/// All records, and how many bytes of the file they are.
fn read(path: &Path, file: &File) -> Result<(Vec<Record>, u64), JournalError> {
    let mut reader = BufReader::new(file);
    let (mut records, mut length, mut line) = (Vec::new(), 0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let read = read.map_err(|source| JournalError::Io {
            path: path.display().to_string(),
            source,
        })?;
        if line.last() != Some(&b'\n') {
            if read > 0 {
                tracing::warn!(path = %path.display(), bytes = read, "half a record cut off");
            }
            return Ok((records, length));
        }
        let record = serde_json::from_slice(&line).map_err(|error| error.to_string());
        let record = record.and_then(|record| expected(record, records.is_empty()));
        records.push(record.map_err(|reason| JournalError::Damaged {
            path: path.display().to_string(),
            line: records.len() + 1,
            reason,
        })?);
        length += read as u64;
    }
}

/// The first record, and no other, says whose log it is.
fn expected(record: Record, first: bool) -> Result<Record, String> {
    match &record {
        Record::Log { version, .. } if first && *version == VERSION => Ok(record),
        Record::Log { version, .. } if first => Err(format!("version {version} is not known")),
        Record::Log { .. } => Err("a second beginning".to_owned()),
        _ if first => Err("no beginning".to_owned()),
        _ => Ok(record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Record {
        Record::Log {
            version: VERSION,
            service: Token::parse("serviceA").unwrap(),
            epoch: Token::parse("e").unwrap(),
            cursor: 0,
            sequence: 0,
        }
    }

    fn acked(through: u64) -> Record {
        Record::Acked {
            peer: "b".to_owned(),
            through,
        }
    }

    fn open(directory: &Path) -> Result<(Journal, Vec<Record>), JournalError> {
        Journal::open(directory, &Token::parse("serviceA").unwrap(), true)
    }

    fn written(directory: &Path, records: &[Record]) {
        let (mut journal, _) = open(directory).unwrap();
        for record in records {
            journal.append(record).unwrap();
        }
    }

    #[test]
    fn records_are_there_again_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), &[begin(), acked(1)]);
        written(directory.path(), &[acked(2)]);
        let (_, records) = open(directory.path()).unwrap();
        assert_eq!(records, [begin(), acked(1), acked(2)]);
    }

    #[test]
    fn whatever_a_killed_process_leaves_of_its_last_record_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), &[begin(), acked(1), acked(2)]);
        let path = directory.path().join("serviceA.log");
        let whole = std::fs::read(&path).unwrap();
        let two = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let end_of_two = two.map(|(at, _)| at + 1).nth(1).unwrap();
        for length in end_of_two..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (mut journal, records) = open(directory.path()).unwrap();
            assert_eq!(records, [begin(), acked(1)]);
            journal.append(&acked(3)).unwrap();
            drop(journal);
            assert_eq!(
                open(directory.path()).unwrap().1,
                [begin(), acked(1), acked(3)]
            );
        }
    }

    #[test]
    fn damage_in_the_middle_stops_the_start_and_is_named() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), &[begin()]);
        let path = directory.path().join("serviceA.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"record\":\"ack\n{}\n");
        std::fs::write(&path, bytes).unwrap();
        let error = open(directory.path()).unwrap_err().to_string();
        assert!(error.contains("serviceA.log, line 2 is damaged"), "{error}");
    }

    #[test]
    fn a_log_that_begins_in_another_way_is_not_taken_for_an_empty_one() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), &[acked(1)]);
        assert!(matches!(
            open(directory.path()),
            Err(JournalError::Damaged { line: 1, .. })
        ));
    }

    #[test]
    fn two_processes_do_not_share_a_log() {
        let directory = tempfile::tempdir().unwrap();
        let _first = open(directory.path()).unwrap();
        assert!(matches!(
            open(directory.path()),
            Err(JournalError::InUse { .. })
        ));
    }

    #[test]
    fn where_there_is_no_room_to_rewrite_it_nothing_is_left_and_it_is_not_tried_at_each_record() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(directory.path()).unwrap();
        journal.append(&begin()).unwrap();
        journal.limit = 0;
        // A disk that is full.
        let next = directory.path().join("serviceA.next");
        std::os::unix::fs::symlink("/dev/full", &next).unwrap();
        let error = journal.rewrite(&[begin()]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(!next.is_symlink());
        assert!(!journal.is_long());
        journal.append(&acked(1)).unwrap();
        drop(journal);
        assert_eq!(open(directory.path()).unwrap().1, [begin(), acked(1)]);
    }

    /// Once nothing was taken any more until the service was started again.
    #[test]
    fn half_a_record_that_could_not_be_taken_back_is_as_soon_as_the_disk_lets_us() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(directory.path()).unwrap();
        journal.append(&begin()).unwrap();
        journal.set_broken(true);
        journal.append(&acked(1)).unwrap_err();
        let mut beside = OpenOptions::new()
            .append(true)
            .open(directory.path().join("serviceA.log"))
            .unwrap();
        beside.write_all(b"{\"half").unwrap();
        journal.append(&acked(1)).unwrap_err();
        journal.set_broken(false);
        journal.append(&acked(2)).unwrap();
        drop(journal);
        let (_, records) = open(directory.path()).unwrap();
        assert_eq!(records, [begin(), acked(2)]);
    }

    #[test]
    fn a_rewritten_log_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(directory.path()).unwrap();
        (1..100).for_each(|through| journal.append(&acked(through)).unwrap());
        journal.rewrite(&[begin(), acked(99)]).unwrap();
        journal.append(&acked(100)).unwrap();
        drop(journal);
        let (_, records) = open(directory.path()).unwrap();
        assert_eq!(records, [begin(), acked(99), acked(100)]);
    }
}

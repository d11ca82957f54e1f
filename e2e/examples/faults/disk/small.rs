//! A disk so small that it can be filled.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::Command;

use super::{is_well, let_go};
use crate::row::Row;

/// A file system in memory, mounted until it is dropped.
#[derive(Debug)]
pub(crate) struct SmallDisk(tempfile::TempDir);

const FILLER: &str = "filler";

impl SmallDisk {
    /// Mounts one, where that is allowed.
    pub(crate) fn mount() -> io::Result<Option<Self>> {
        let directory = tempfile::tempdir()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
        let is_there = is_well(mount.arg(directory.path()));
        Ok(is_there.then(|| Self(directory)))
    }

    /// What a scenario says where there is none.
    pub(crate) fn lacking() -> Row {
        Row::skipped("chat", "this machine lets nobody mount a tmpfs")
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room.
    pub(crate) fn fill(&self) -> io::Result<()> {
        let mut filler = File::create(self.path().join(FILLER))?;
        loop {
            match filler.write_all(&[0; 1024]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets it take writes, or none; whether that came to pass. Nobody may have a file open there.
    pub(crate) fn may_be_written(&self, may: bool) -> bool {
        let how = if may { "remount,rw" } else { "remount,ro" };
        is_well(Command::new("mount").args(["-o", how]).arg(self.path()))
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        // What is not there takes no room.
        let _ = std::fs::remove_file(self.path().join(FILLER));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let_go(self.path());
    }
}

//! A disk that can be stopped, and fail: a file system of its own, in a file.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::{is_well, let_go};
use crate::row::Row;

/// A file system that is mounted until this is dropped.
#[derive(Debug)]
pub(crate) struct FrailDisk {
    directory: tempfile::TempDir,
    stopped: Option<Child>,
}

/// Large enough for what a scenario says.
const SIZE: u64 = 16 * 1024 * 1024;

/// Stops the file system, says so, and lets it go on when nobody holds its input any more: also when
/// this process is killed, for whoever waits for a stopped disk cannot even be killed.
const STOP: &str = r#"fsfreeze --freeze "$0" && echo stopped && cat; fsfreeze --unfreeze "$0""#;

impl FrailDisk {
    /// Makes one, where that is allowed.
    pub(crate) fn mount() -> anyhow::Result<Option<Self>> {
        let directory = tempfile::tempdir()?;
        let disk = Self {
            directory,
            stopped: None,
        };
        fs::create_dir(disk.path())?;
        fs::File::create(disk.image())?.set_len(SIZE)?;
        // Without a journal of its own, which would not take writes again after an error.
        let mut make = Command::new("mkfs.ext4");
        make.args(["-q", "-O", "^has_journal"]).arg(disk.image());
        let is_there = is_well(&mut make) && disk.attach() && disk.error_switch().is_ok();
        Ok(is_there.then_some(disk))
    }

    /// What a scenario says where there is none.
    pub(crate) fn lacking() -> Row {
        Row::skipped("chat", "this machine lets nobody mount an ext4 in a file")
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    /// From now on whoever writes waits.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        let mut stopped = Command::new("sh")
            .args(["-c", STOP])
            .arg(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        let output = stopped.stdout.take().context("its output is piped")?;
        BufReader::new(output).read_line(&mut said)?;
        self.stopped = Some(stopped);
        anyhow::ensure!(said == "stopped\n", "fsfreeze does not stop the disk");
        Ok(())
    }

    /// All goes on.
    pub(crate) fn go_on(&mut self) {
        if let Some(mut stopped) = self.stopped.take() {
            drop(stopped.stdin.take());
            // What it says of itself is on stderr.
            let _ = stopped.wait();
        }
    }

    /// It fails: the file system takes no more writes, whoever has files open there.
    pub(crate) fn fail(&self) -> anyhow::Result<()> {
        fs::write(self.error_switch()?, "1").context("the disk does not fail")
    }

    /// Checks it, and mounts it again. Nobody may have a file open there.
    pub(crate) fn repair(&self) -> anyhow::Result<()> {
        let is_free = is_well(Command::new("umount").arg(self.path()));
        anyhow::ensure!(is_free, "the disk cannot be unmounted");
        let mut check = Command::new("e2fsck");
        // It says by its status what it has mended.
        is_well(check.args(["-f", "-y"]).arg(self.image()));
        anyhow::ensure!(self.attach(), "the disk cannot be mounted again");
        Ok(())
    }

    fn attach(&self) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", "loop,errors=remount-ro"]);
        is_well(mount.arg(self.image()).arg(self.path()))
    }

    /// The file by which this file system is told that an error was found.
    fn error_switch(&self) -> anyhow::Result<PathBuf> {
        let mounts = fs::read_to_string("/proc/mounts")?;
        let path = self.path();
        let device = mounts.lines().find_map(|line| {
            let (device, rest) = line.split_once(' ')?;
            rest.starts_with(&format!("{} ", path.display()))
                .then_some(device)
        });
        let name = Path::new(device.context("it is not mounted")?);
        let name = name.file_name().context("a device has a name")?;
        let switch = Path::new("/sys/fs/ext4")
            .join(name)
            .join("trigger_fs_error");
        anyhow::ensure!(switch.exists(), "this kernel has no such switch");
        Ok(switch)
    }
}

impl Drop for FrailDisk {
    fn drop(&mut self) {
        self.go_on();
        let_go(&self.path());
    }
}

//! Room for as many files as there may be connections.

use std::os::fd::RawFd;

use nix::Result;
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::close;

/// Has the process's table of files room for so many at once, or for as many as it may have.
///
/// Linux doubles the table when it is full, and whoever opens the file that no longer fits waits until no
/// processor reads the old one: 5 to 40 ms each time, in which the thread serves nobody. Where a crowd comes, it
/// would be the thread that accepts.
pub(super) fn make_room(count: usize) -> Result<()> {
    let (allowed, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let highest = allowed.saturating_sub(1).min(count as u64);
    let highest = RawFd::try_from(highest).unwrap_or(RawFd::MAX);
    // Of a file that is open in every program. The table grows for the copy, and never shrinks.
    let copy = fcntl(std::io::stdin(), FcntlArg::F_DUPFD_CLOEXEC(highest))?;
    close(copy)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// How many files fit into the table of this process, as Linux tells it.
    fn room() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
        size.unwrap().trim().parse().unwrap()
    }

    #[test]
    fn there_is_room_for_as_many_as_are_asked_for_or_allowed() {
        let (allowed, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        for count in [900, 5000, usize::MAX] {
            // A table for all files that some systems allow would take megabytes.
            let count = count.min(1 << 16);
            make_room(count).unwrap();
            assert!(room() >= allowed.min(count as u64), "{count}");
        }
    }
}

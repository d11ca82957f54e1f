//! Hostile clients have cores of their own, and none of this machine's: here they get what everybody
//! else leaves over (`SCHED_IDLE`), so that what is measured is the work that a service has with them.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Puts this thread behind all others, as far as this machine lets it.
pub(super) fn this_thread() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    let Some(number) = thread.file_name() else {
        return;
    };
    let mut chrt = std::process::Command::new("chrt");
    chrt.args(["--idle", "--pid", "0"]).arg(number);
    let _ = chrt.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// A program that is behind all others.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new("chrt");
    command.args(["--idle", "0"]).arg(program);
    command
}

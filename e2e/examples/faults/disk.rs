//! Disks that can be broken under whoever writes on them.

use std::path::Path;
use std::process::{Command, Stdio};

mod frail;
mod small;

pub(crate) use frail::FrailDisk;
pub(crate) use small::SmallDisk;

/// Whether a command went well; what it says is nobody's business.
fn is_well(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Lazily: a service may still have its log open.
fn let_go(path: &Path) {
    is_well(Command::new("umount").arg("-l").arg(path));
}

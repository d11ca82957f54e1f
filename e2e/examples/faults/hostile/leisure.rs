//! Hostile clients have cores of their own, and none of this machine's: in the large size they get what
//! everybody else leaves over (`SCHED_IDLE`), so that what is measured is the work that a service has with them.

use std::path::Path;

use tokio::process::Command;

use crate::world::World;

/// A program that is behind all others; in the small size nobody waits for that.
pub(super) fn command(world: &World, program: &Path) -> Command {
    if !world.full {
        return Command::new(program);
    }
    let mut command = Command::new("chrt");
    command.args(["--idle", "0"]).arg(program);
    command
}

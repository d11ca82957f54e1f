//! The disk of the chat's log is full, and has room again.

use tokio::time::sleep;

use super::Scenario;
use crate::disk::SmallDisk;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "disk_full",
    fault: "the disk of the chat's log is full, and has room again (a small tmpfs: needs root)",
    promise: "Messages are refused while it is full, and none once there is room. Nothing acknowledged is lost or doubled, also after a restart.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(disk) = SmallDisk::mount()? else {
        return Ok(vec![SmallDisk::lacking()]);
    };
    let subject = world.chat_on(&How::default(), disk.path()).await?;
    let lasts = world.stages().fault;
    let promise = Promise::FailsMeanwhile;
    under_load(world, vec![subject], promise, async |parts: &mut Parts| {
        if let Err(error) = disk.fill() {
            parts
                .notes
                .push(format!("the disk was not filled: {error}"));
        }
        sleep(lasts).await;
        disk.free();
        // What was written under a full disk must be readable after a restart.
        parts.services[0].kill().await;
        parts.services[0].start();
        parts.services[0].is_ready().await;
    })
    .await
}

//! The disk of the chat's log is read-only where the chat is started, and takes writes again.

use super::Scenario;
use crate::disk::SmallDisk;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "disk_read_only",
    fault: "both services of the chat are killed, and started on a disk that takes no writes; then it does (a small tmpfs: needs root)",
    promise: "On such a disk they do not start, and end as failed. Nothing acknowledged is lost or doubled once they run again.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(disk) = SmallDisk::mount()? else {
        return Ok(vec![SmallDisk::lacking()]);
    };
    let subject = world.chat_on(&How::default(), disk.path()).await?;
    let promise = Promise::FailsMeanwhile;
    under_load(world, vec![subject], promise, async |parts: &mut Parts| {
        for service in &mut parts.services {
            service.kill().await;
        }
        if !disk.may_be_written(false) {
            parts.notes.push("the disk stayed writable".to_owned());
        }
        let mut ended = 0;
        for service in &mut parts.services {
            service.start();
            ended += u32::from(service.fails().await);
        }
        parts.notes.push(format!("{ended} of 2 ended as failed"));
        disk.may_be_written(true);
        for service in &mut parts.services {
            service.start();
            service.is_ready().await;
        }
    })
    .await
}

//! The disk of the chat's log becomes read-only while the chat runs, and is repaired.

use tokio::time::sleep;

use super::Scenario;
use crate::disk::FrailDisk;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "disk_fails",
    fault: "the kernel finds an error on the disk of the chat's log, and takes no more writes on it. Then both services are killed, the disk is repaired, and they are started (`OUTBOX_SYNC`; an ext4 in a file: needs root)",
    promise: "Messages are refused while it takes none. Nothing acknowledged is lost or doubled once both run again.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(disk) = FrailDisk::mount()? else {
        return Ok(vec![FrailDisk::lacking()]);
    };
    let subject = world.careful_chat_on(&disk.path()).await?;
    let lasts = world.stages().fault;
    let promise = Promise::FailsMeanwhile;
    under_load(world, vec![subject], promise, async |parts: &mut Parts| {
        if let Err(error) = disk.fail() {
            parts.notes.push(format!("{error:#}"));
        }
        sleep(lasts).await;
        for service in &mut parts.services {
            service.kill().await;
        }
        if let Err(error) = disk.repair() {
            parts.notes.push(format!("{error:#}"));
        }
        for service in &mut parts.services {
            service.start();
            service.is_ready().await;
        }
    })
    .await
}

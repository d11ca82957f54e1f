//! The disk of the chat's log is slow, then hangs, then is as it was.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Scenario;
use crate::disk::FrailDisk;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "disk_slow",
    fault: "writes on the disk of the chat's log take up to 300 ms, then none ends for a while (`OUTBOX_SYNC`; `fsfreeze` of an ext4 in a file: needs root)",
    promise: "No message fails: it waits, and both services answer meanwhile. Nothing acknowledged is lost or doubled, also after a restart.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

/// How long a write may take.
const SLOW: Duration = Duration::from_millis(300);

/// What gets through between two stops.
const GAP: Duration = Duration::from_millis(20);

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(mut disk) = FrailDisk::mount()? else {
        return Ok(vec![FrailDisk::lacking()]);
    };
    let subject = world.careful_chat_on(&disk.path()).await?;
    let lasts = world.stages().fault;
    let stopped = std::cell::RefCell::new(&mut disk);
    let promise = Promise::NothingFails;
    under_load(world, vec![subject], promise, async |parts: &mut Parts| {
        let stop = async |lasts: Duration| {
            let said = stopped.borrow_mut().stop();
            sleep(lasts).await;
            stopped.borrow_mut().go_on();
            said.err()
        };
        let begun = Instant::now();
        let mut wrong = None;
        while begun.elapsed() < lasts && wrong.is_none() {
            wrong = stop(SLOW).await;
            sleep(GAP).await;
        }
        let hung = async {
            sleep(lasts / 2).await;
            let mut answered = 0;
            for service in &parts.services {
                answered += u32::from(service.metric("chat_clients").await.is_some());
            }
            answered
        };
        let (stopped, answered) = tokio::join!(stop(lasts), hung);
        if let Some(error) = wrong.or(stopped) {
            parts.notes.push(format!("the disk did not stop: {error}"));
        }
        parts
            .notes
            .push(format!("{answered} of 2 answered meanwhile"));
    })
    .await
}

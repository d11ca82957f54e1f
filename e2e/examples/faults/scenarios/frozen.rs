//! A process stands still, and goes on.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "frozen",
    fault: "the process is stopped (SIGSTOP), and goes on after a while (SIGCONT)",
    promise: "Calls wait or fail while it stands still, and none fails once it goes on. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.exercises(&How::default()).await?;
    let still = world.stages().fault;
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            parts.services[0].freeze();
            sleep(still).await;
            parts.services[0].thaw();
        },
    )
    .await
}

//! A process is killed and brought back.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "killed",
    fault: "the process is killed (SIGKILL), and brought back after a while",
    promise: "Calls fail while it is away, and none once it is back. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.exercises(&How::default()).await?;
    let away = world.stages().fault;
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            parts.services[0].kill().await;
            sleep(away).await;
            parts.services[0].start();
            parts.services[0].is_ready().await;
        },
    )
    .await
}

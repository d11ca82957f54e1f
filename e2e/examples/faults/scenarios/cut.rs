//! A link is taken down: what is connected ends, and nobody new gets through.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "cut",
    fault: "the link is cut: connections end, and new ones are refused",
    promise: "Calls fail while it is cut, and none once it is whole. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.exercises(&How::LINKED).await?;
    let cut = world.stages().fault;
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            for link in &parts.links {
                link.close().await;
            }
            sleep(cut).await;
            for link in &parts.links {
                // Its port was free a moment ago; where it is not, the scenario says `never back`.
                let _ = link.enable().await;
            }
        },
    )
    .await
}

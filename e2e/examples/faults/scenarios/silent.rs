//! A link goes silent: nothing passes and nobody is told, until all of it arrives late.

use link::{Direction, Fault};

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::toxics::poisoned;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "silent",
    fault: "the link is silent: connections stay, nothing passes in either direction, and all of it arrives when it is whole",
    promise: "Calls wait for their deadline while it is silent, and none fails once it is whole. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = How {
        linked: true,
        ..How::default()
    };
    let subjects = world.exercises(&how).await?;
    let lasts = world.stages().fault;
    // Whatever is held back leaves when the fault is over.
    let faults = [Direction::Upstream, Direction::Downstream];
    let faults = faults.map(|way| (way, Fault::Bandwidth { rate: 0 }));
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            poisoned(&parts.links, &faults, lasts).await;
        },
    )
    .await
}

//! A link goes silent: nothing passes and nobody is told, until all of it arrives late.

use link::Fault;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::toxics::{behind, both_ways};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "silent",
    fault: "the link is silent: connections stay, nothing passes in either direction, and all of it arrives when it is whole",
    promise: "Calls wait for their deadline while it is silent, and none fails once it is whole. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    // Whatever is held back leaves when the fault is over.
    let faults = both_ways(Fault::Bandwidth { rate: 0 });
    behind(world, &faults, Promise::FailsMeanwhile).await
}

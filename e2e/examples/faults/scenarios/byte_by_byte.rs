//! A link passes one byte at a time.

use std::time::Duration;

use link::Fault;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::toxics::{behind, both_ways};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "byte_by_byte",
    fault: "the link passes one byte at a time, in both directions",
    promise: "No call fails, and no answer is another. Nothing is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let faults = both_ways(Fault::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: Duration::from_micros(20),
    });
    behind(world, &faults, Promise::NothingFails).await
}

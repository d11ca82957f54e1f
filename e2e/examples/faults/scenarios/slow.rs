//! A link is slow in both directions.

use std::time::Duration;

use link::Fault;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::toxics::{behind, both_ways};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "slow",
    fault: "the link is slow: 300 ms each way",
    promise: "No call fails: it takes longer. Nothing is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let (latency, jitter) = (Duration::from_millis(300), Duration::ZERO);
    let faults = both_ways(Fault::Latency { latency, jitter });
    behind(world, &faults, Promise::NothingFails).await
}

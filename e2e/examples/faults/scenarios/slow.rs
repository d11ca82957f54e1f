//! A link is slow in both directions.

use std::time::Duration;

use link::{Direction, Fault};

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::toxics::poisoned;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "slow",
    fault: "the link is slow: 300 ms each way",
    promise: "No call fails: it takes longer. Nothing is lost or doubled.",
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
    let faults = [Direction::Upstream, Direction::Downstream].map(|way| {
        let (latency, jitter) = (Duration::from_millis(300), Duration::ZERO);
        (way, Fault::Latency { latency, jitter })
    });
    under_load(
        world,
        subjects,
        Promise::NothingFails,
        async |parts: &mut Parts| {
            poisoned(&parts.links, &faults, lasts).await;
        },
    )
    .await
}

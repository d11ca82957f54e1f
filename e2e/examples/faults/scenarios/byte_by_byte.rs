//! A link passes one byte at a time.

use std::time::Duration;

use link::{Direction, Fault};

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::toxics::poisoned;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "byte_by_byte",
    fault: "the link passes one byte at a time, in both directions",
    promise: "No call fails, and no answer is another. Nothing is lost or doubled.",
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
        let fault = Fault::Slicer {
            average_size: 1,
            size_variation: 0,
            delay: Duration::from_micros(20),
        };
        (way, fault)
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

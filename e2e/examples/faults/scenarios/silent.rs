//! A link goes half-open: everything sent is gone, and nobody is told.

use std::time::Duration;

use link::{Direction, Fault};

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::toxics::poisoned;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "silent",
    fault: "the link is half-open: connections stay, and nothing arrives in either direction",
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
    let faults = [Direction::Upstream, Direction::Downstream].map(|way| {
        let timeout = Duration::ZERO; // for ever
        (way, Fault::Timeout { timeout })
    });
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

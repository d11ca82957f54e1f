//! A process is killed again and again, each time soon after its start.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "restarts",
    fault: "the process is killed again and again, at times that follow from the seed",
    promise: "No call fails once it stays. Nothing acknowledged is lost or doubled, however often it was killed.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.exercises(&How::default()).await?;
    let times = world.sized(4, 20);
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            let mut dice = SmallRng::seed_from_u64(world.seed);
            for _ in 0..times {
                parts.services[0].kill().await;
                parts.services[0].start();
                sleep(Duration::from_millis(dice.random_range(10..400))).await;
            }
            parts.services[0].is_ready().await;
        },
    )
    .await
}

//! Redis forgets its scripts, as after a restart.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World, asked};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_flushed",
    fault: "Redis forgets its scripts (`SCRIPT FLUSH`), again and again",
    promise: "No call fails: who misses a script sends it again. Nothing is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

const TIMES: u32 = 5;

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.with_redis().await?;
    let lasts = world.stages().fault;
    under_load(
        world,
        subjects,
        Promise::NothingFails,
        async |parts: &mut Parts| {
            if let Some(redis) = &parts.redis {
                for _ in 0..TIMES {
                    asked(redis, &["SCRIPT", "FLUSH"]);
                    sleep(lasts / TIMES).await;
                }
            }
        },
    )
    .await
}

//! Redis is killed, and comes back with what its append-only file holds.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_killed",
    fault: "Redis is killed, and brought back with its append-only file (`appendfsync always`)",
    promise: "Calls fail while it is away, and none once it is well. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.with_redis().await?;
    let lasts = world.stages().fault;
    under_load(
        world,
        subjects,
        Promise::FailsMeanwhile,
        async |parts: &mut Parts| {
            if let Some(redis) = &mut parts.redis {
                redis.kill();
                sleep(lasts).await;
                redis.restart().await;
            }
        },
    )
    .await
}

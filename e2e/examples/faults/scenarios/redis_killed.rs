//! Redis is killed, and comes back with what its append-only file holds.

use testing::RedisServer;
use tokio::time::sleep;

use super::Scenario;
use crate::redis::broken;
use crate::row::{Promise, Row};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_killed",
    fault: "Redis is killed, and brought back with its append-only file (`appendfsync always`)",
    promise: "Calls fail while it is away, and none once it is well. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let lasts = world.stages().fault;
    broken(
        world,
        Promise::FailsMeanwhile,
        async |redis: &mut RedisServer| {
            redis.kill();
            sleep(lasts).await;
            redis.restart().await;
        },
    )
    .await
}

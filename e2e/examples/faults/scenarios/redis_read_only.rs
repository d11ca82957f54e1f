//! Redis becomes a replica of nobody who answers: it takes no writes.

use testing::RedisServer;
use tokio::time::sleep;

use super::Scenario;
use crate::redis::{asked, broken};
use crate::row::{Promise, Row};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_read_only",
    fault: "Redis is made a replica, which takes no writes, and a master again",
    promise: "Calls fail while it takes no writes, and none once it is well. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let lasts = world.stages().fault;
    broken(
        world,
        Promise::FailsMeanwhile,
        async |redis: &mut RedisServer| {
            asked(redis, &["REPLICAOF", "127.0.0.1", "1"]);
            sleep(lasts).await;
            asked(redis, &["REPLICAOF", "NO", "ONE"]);
        },
    )
    .await
}

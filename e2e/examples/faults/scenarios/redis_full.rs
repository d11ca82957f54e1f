//! Redis has no memory left, and gets more.

use testing::RedisServer;
use tokio::time::sleep;

use super::Scenario;
use crate::redis::{asked, broken};
use crate::row::{Promise, Row};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_full",
    fault: "Redis is out of memory (`maxmemory`, `noeviction`), and gets more",
    promise: "Calls fail while it is full, and none once it is well. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let lasts = world.stages().fault;
    broken(
        world,
        Promise::FailsMeanwhile,
        async |redis: &mut RedisServer| {
            asked(redis, &["CONFIG", "SET", "maxmemory", "1"]);
            sleep(lasts).await;
            asked(redis, &["CONFIG", "SET", "maxmemory", "0"]);
        },
    )
    .await
}

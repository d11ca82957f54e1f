//! Redis stands still, and goes on.

use testing::RedisServer;
use tokio::time::sleep;

use super::Scenario;
use crate::redis::broken;
use crate::row::{Promise, Row};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_hung",
    fault: "Redis is stopped (SIGSTOP), and goes on after a while",
    promise: "Calls fail while it stands still, and none once it is well. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let lasts = world.stages().fault;
    broken(
        world,
        Promise::FailsMeanwhile,
        async |redis: &mut RedisServer| {
            redis.signal(testing::Signal::SIGSTOP);
            sleep(lasts).await;
            redis.signal(testing::Signal::SIGCONT);
        },
    )
    .await
}

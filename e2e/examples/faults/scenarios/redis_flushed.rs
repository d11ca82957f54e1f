//! Redis forgets its scripts, as after a restart.

use testing::RedisServer;
use tokio::time::sleep;

use super::Scenario;
use crate::redis::{asked, broken};
use crate::row::{Promise, Row};
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_flushed",
    fault: "Redis forgets its scripts (`SCRIPT FLUSH`), again and again",
    promise: "No call fails: who misses a script sends it again. Nothing is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

const TIMES: u32 = 5;

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let lasts = world.stages().fault;
    broken(
        world,
        Promise::NothingFails,
        async |redis: &mut RedisServer| {
            for _ in 0..TIMES {
                asked(redis, &["SCRIPT", "FLUSH"]);
                sleep(lasts / TIMES).await;
            }
        },
    )
    .await
}

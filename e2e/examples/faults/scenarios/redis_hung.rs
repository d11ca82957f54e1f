//! Redis stands still, and goes on.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_hung",
    fault: "Redis is stopped (SIGSTOP), and goes on after a while",
    promise: "Calls fail while it stands still, and none once it is well. Nothing acknowledged is lost or doubled.",
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
            if let Some(redis) = &parts.redis {
                redis.signal(testing::Signal::SIGSTOP);
                sleep(lasts).await;
                redis.signal(testing::Signal::SIGCONT);
            }
        },
    )
    .await
}

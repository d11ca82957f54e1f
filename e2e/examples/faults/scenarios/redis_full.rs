//! Redis has no memory left, and gets more.

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World, asked};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_full",
    fault: "Redis is out of memory (`maxmemory`, `noeviction`), and gets more",
    promise: "Calls fail while it is full, and none once it is well. Nothing acknowledged is lost or doubled.",
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
                asked(redis, &["CONFIG", "SET", "maxmemory", "1"]);
                sleep(lasts).await;
                asked(redis, &["CONFIG", "SET", "maxmemory", "0"]);
            }
        },
    )
    .await
}

//! A sentinel makes the replica the master.

use super::Scenario;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "redis_failover",
    fault: "Redis fails over: Sentinel makes the replica the master",
    promise: "Calls fail meanwhile, and none once there is a master. Nothing is doubled; replication is asynchronous, so that what was acknowledged in the last moments may be lost.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let subjects = world.with_sentinel().await?;
    under_load(
        world,
        subjects,
        Promise::LosesTheLast,
        async |parts: &mut Parts| {
            if let Some(sentinel) = &parts.sentinel {
                sentinel.fail_over().await;
            }
        },
    )
    .await
}

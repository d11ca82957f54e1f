//! Half of the addresses of each name are dead, when all have to connect again.

use super::Scenario;
use crate::names::{Named, Names};
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dns_half_dead",
    fault: "each name has two addresses more where nobody is (one refuses, the first of all is silent), and all connections break once (needs root)",
    promise: "What was under way when they broke may fail. Then no call fails, though half of the addresses stay dead. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(by_name) = Box::pin(world.by_name()).await? else {
        return Ok(vec![Names::lacking()]);
    };
    let promise = Promise::FailsMeanwhile;
    under_load(world, by_name.all(), promise, async |parts: &mut Parts| {
        for named in &parts.named {
            match half_dead(named).await {
                Ok(silence) => parts.silences.push(silence),
                Err(error) => parts.notes.push(format!("not half dead: {error}")),
            }
        }
    })
    .await
}

async fn half_dead(named: &Named) -> anyhow::Result<testing::Silence> {
    let silence = named.is_half_dead().await?;
    named.breaks().await?;
    Ok(silence)
}

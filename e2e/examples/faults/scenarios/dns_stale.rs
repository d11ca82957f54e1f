//! Servers move, and their names follow later.

use tokio::time::sleep;

use super::Scenario;
use crate::names::{Named, Names};
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dns_stale",
    fault: "servers, peers and Redis move to another address; their names have the old one for a while (needs root)",
    promise: "Calls fail while the name is wrong, and none once it is right: nobody keeps an address. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(by_name) = Box::pin(world.by_name()).await? else {
        return Ok(vec![Names::lacking()]);
    };
    let lasts = world.stages().fault;
    let promise = Promise::FailsMeanwhile;
    under_load(world, by_name.all(), promise, async |parts: &mut Parts| {
        for named in &parts.named {
            if let Err(error) = named.moves().await {
                parts.notes.push(format!("it did not move: {error}"));
            }
        }
        sleep(lasts).await;
        parts.named.iter().for_each(Named::follows);
    })
    .await
}

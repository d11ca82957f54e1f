//! DNS is gone, and all connections break.

use tokio::time::sleep;

use super::Scenario;
use crate::names::Names;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dns_gone",
    fault: "nobody answers for DNS, the system says so, and all connections break; then DNS is there again (needs root)",
    promise: "Calls fail while no name is known, and none once it is. Nothing acknowledged is lost or doubled.",
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
        let names = parts.named.first().map(|named| named.names.clone());
        if let Some(names) = &names {
            names.is_gone().await;
        }
        for named in &parts.named {
            if let Err(error) = named.breaks().await {
                parts.notes.push(format!("it did not break: {error}"));
            }
        }
        sleep(lasts).await;
        if let Some(names) = &names
            && let Err(error) = names.is_well().await
        {
            parts.notes.push(format!("DNS is not back: {error}"));
        }
    })
    .await
}

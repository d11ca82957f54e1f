//! DNS hangs, while connections stand.

use tokio::time::sleep;

use super::Scenario;
use crate::names::Names;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{ByName, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "dns_silent",
    fault: "DNS says nothing for a while; connections stand (needs root)",
    promise: "No call fails that has a connection, and names that cannot be looked up take none away. Clients that connect for each call fail, and none does once DNS answers. Nothing is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(ByName { lasting, clients }) = Box::pin(world.by_name()).await? else {
        return Ok(vec![Names::lacking()]);
    };
    let lasts = world.stages().fault;
    let silent = async |parts: &mut Parts| {
        let Some(names) = parts.named.first().map(|named| named.names.clone()) else {
            return;
        };
        if let Err(error) = names.is_silent().await {
            parts.notes.push(format!("DNS is not silent: {error}"));
        }
        sleep(lasts).await;
        if let Err(error) = names.is_well().await {
            parts.notes.push(format!("DNS is not back: {error}"));
        }
    };
    let lasting = under_load(world, lasting, Promise::NothingFails, silent);
    let clients = under_load(world, clients, Promise::FailsMeanwhile, silent);
    let (lasting, clients) = tokio::try_join!(lasting, clients)?;
    Ok(lasting.into_iter().chain(clients).collect())
}

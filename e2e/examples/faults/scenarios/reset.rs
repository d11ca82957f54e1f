//! A link resets each connection in the middle of an answer.

use link::{Direction, Fault};

use super::Scenario;
use crate::row::{Promise, Row};
use crate::toxics::behind;
use crate::world::World;

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "reset",
    fault: "each connection is reset after 2 bytes of the answer",
    promise: "Calls fail, none of them with a wrong answer, and none once the link is whole. Nothing acknowledged is lost or doubled.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let faults = [(Direction::Downstream, Fault::ResetAfter { bytes: 2 })];
    behind(world, &faults, Promise::FailsMeanwhile).await
}

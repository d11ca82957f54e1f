//! Faults put on links for a while.

use std::time::Duration;

use link::{Direction, Fault, Link, Toxic};
use tokio::time::sleep;

use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

/// All exercises behind links, which have these faults for a while.
pub(crate) async fn behind(
    world: &World,
    faults: &[(Direction, Fault)],
    promise: Promise,
) -> anyhow::Result<Vec<Row>> {
    let subjects = world.exercises(&How::LINKED).await?;
    let lasts = world.stages().fault;
    under_load(world, subjects, promise, async |parts: &mut Parts| {
        poisoned(&parts.links, faults, lasts).await;
    })
    .await
}

/// The same fault in both directions.
pub(crate) fn both_ways(fault: Fault) -> [(Direction, Fault); 2] {
    [Direction::Upstream, Direction::Downstream].map(|way| (way, fault))
}

/// Puts these faults on all links, and takes them away after a time.
async fn poisoned(links: &[Link], faults: &[(Direction, Fault)], lasts: Duration) {
    for link in links {
        for (way, fault) in faults {
            link.put(Toxic {
                name: format!("{way:?}"),
                fault: *fault,
                stream: *way,
                toxicity: 1.0,
            });
        }
    }
    sleep(lasts).await;
    links.iter().for_each(Link::clear);
}

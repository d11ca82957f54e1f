//! The clock of one machine steps and drifts.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

use super::Scenario;
use crate::row::{Promise, Row};
use crate::service::FAKETIME;
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "clock",
    fault: "the clock of one service is an hour ahead, then an hour behind, then too fast by a half, then right (needs `libfaketime`)",
    promise: "No call fails, and nothing is lost or doubled. What a chat relays is not believed while the clocks of two services are further apart than `RELAY_TOLERANCE`; it waits, and arrives.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

/// In seconds.
const HOUR: f64 = 3600.0;

/// A clock that drifts goes wrong a little at a time.
const TICK: Duration = Duration::from_millis(50);

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    if !Path::new(FAKETIME).exists() {
        return Ok(vec![Row::skipped("all", "libfaketime is not installed")]);
    }
    let clocks = tempfile::tempdir()?;
    let how = How {
        clocks: Some(clocks.path().to_owned()),
        ..How::default()
    };
    let subjects = world.exercises(&how).await?;
    let lasts = world.stages().fault;
    let promise = Promise::NothingFails;
    under_load(world, subjects, promise, async |parts: &mut Parts| {
        let mut set = async |ahead: f64, lasts: Duration| {
            if let Err(error) = parts.services[0].set_clock(ahead) {
                parts.notes.push(format!("the clock was not set: {error}"));
            }
            sleep(lasts).await;
        };
        for ahead in [HOUR, -HOUR] {
            set(ahead, lasts).await;
        }
        let mut ahead = 0.0;
        for _ in 0..lasts.as_millis() / TICK.as_millis() {
            set(ahead, TICK).await;
            ahead += TICK.as_secs_f64() / 2.0;
        }
        set(0.0, Duration::ZERO).await;
    })
    .await
}

//! The collector of spans is gone, hangs, and refuses with a time to wait.

use std::sync::atomic::Ordering;

use tokio::time::sleep;

use super::Scenario;
use crate::collector::Collector;
use crate::row::{Promise, Row};
use crate::timeline::under_load;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "collector",
    fault: "the collector of spans is gone, then takes connections and says nothing, then answers 503 with `Retry-After`",
    promise: "No call fails, and none is slower for it; spans are dropped, and memory does not grow without bound.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let address = testing::address();
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let how = How {
        settings: vec![
            text("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}")),
            text("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ],
        ..How::default()
    };
    let subjects = world.exercises(&how).await?;
    let collector = Collector::default();
    let stage = world.stages().fault;
    let gone_hung_busy = async {
        sleep(stage * 2).await;
        collector.serve(address).await
    };
    let load = under_load(
        world,
        subjects,
        Promise::NothingFails,
        async |parts: &mut Parts| {
            let before = parts.services[0].resident();
            sleep(stage * 3).await;
            collector.refuses.store(true, Ordering::Relaxed);
            sleep(stage).await;
            let after = parts.services[0].resident();
            if let (Some(before), Some(after)) = (before, after) {
                parts
                    .notes
                    .push(format!("{before} kB resident before, {after} after"));
            }
        },
    );
    let mut rows = tokio::select! {
        rows = load => rows?,
        served = gone_hung_busy => {
            served?;
            anyhow::bail!("the collector ended by itself");
        }
    };
    if collector.asked.load(Ordering::Relaxed) == 0 {
        rows[0]
            .broken
            .push("nobody ever asked the collector".to_owned());
    }
    Ok(rows)
}

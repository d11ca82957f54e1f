//! The course of a scenario: calm, a fault, its end, until all is well again, calm.

use futures_util::future::try_join_all;
use tokio::time::{Duration, Instant, sleep};

use crate::load::PATIENCE;
use crate::row::{Moments, Promise, Row};
use crate::tally::Tally;
use crate::world::{Parts, Subject, World};

/// Breaks all of these at the same time, by a fault that heals what it broke before it returns.
pub(crate) async fn under_load(
    world: &World,
    subjects: Vec<Subject>,
    promise: Promise,
    fault: impl AsyncFn(&mut Parts),
) -> anyhow::Result<Vec<Row>> {
    let rows = subjects
        .into_iter()
        .map(|subject| one(world, subject, promise, &fault));
    try_join_all(rows).await
}

/// One exercise of them.
pub(crate) async fn one(
    world: &World,
    subject: Subject,
    promise: Promise,
    fault: &impl AsyncFn(&mut Parts),
) -> anyhow::Result<Row> {
    let Subject {
        exercise,
        load,
        mut parts,
    } = subject;
    let tally = Tally::default();
    let course = async {
        let moments = course(world, &tally, &mut parts, fault).await;
        tally.end();
        moments
    };
    let (found, moments) = tokio::join!(load.run(&tally, world.pace()), course);
    let samples = tally.samples();
    let mut row = Row::judged(exercise, &samples, found?, moments, promise);
    row.notes.append(&mut parts.notes);
    Ok(row)
}

async fn course(
    world: &World,
    tally: &Tally,
    parts: &mut Parts,
    fault: &impl AsyncFn(&mut Parts),
) -> Moments {
    let stages = world.stages();
    let begun = Instant::now();
    // A load takes a moment to begin.
    while !tally.is_back(begun) && begun.elapsed() < PATIENCE {
        sleep(LOOK).await;
    }
    sleep(stages.calm).await;
    let began = Instant::now();
    fault(parts).await;
    let healed = Instant::now();
    while !tally.is_back(healed) && healed.elapsed() < PATIENCE {
        sleep(LOOK).await;
    }
    let back = tally.is_back(healed).then(Instant::now);
    sleep(stages.after).await;
    Moments {
        began,
        healed,
        back,
    }
}

/// Between two looks at a load.
const LOOK: Duration = Duration::from_millis(10);

//! Twice as much is asked as a service can answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use super::Scenario;
use crate::load::{Calls, Found, Load, PATIENCE, Pace};
use crate::row::{Moments, Promise, Row};
use crate::tally::Tally;
use crate::world::{How, Parts, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "overload",
    fault: "twice as much is asked a second as was answered at most, each call when it is due. Each program has a tenth of a core, so that who asks has enough, and the gateway does not limit what one address asks a second",
    promise: "No answer is wrong, and no call fails once the load is as before.",
    alone: true,
    run: |world| Box::pin(run(world)),
};

/// Callers who ask one thing after another, to find out how much is answered at most.
const CALLERS: usize = 64;

/// Calls under way at once; what is due beyond waits for one of them to end.
const MOST: usize = 1500;

/// How long twice as much is asked in the large size: what connecting takes is little of it.
const A_MINUTE: Duration = Duration::from_mins(1);

/// What a program may use of a core, in thousandths: what asks twice as much as it answers needs more.
const CPU: u32 = 100;

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = How {
        cpu: Some(CPU),
        ..How::default()
    };
    let mut rows = Vec::new();
    // All calls come from one address here. What the gateway lets one address have (5,000 a second) would be
    // measured, and not what it does where it can no more.
    let any_rate = How {
        settings: vec![("MAX_REQUESTS_PER_SECOND".to_owned(), "0".to_owned())],
        ..how.clone()
    };
    let gateway = world.gateway(&any_rate).await?;
    let subjects = [
        world.plain("desafio1-servidor", &how).await?,
        world.plain("hello-server", &how).await?,
        world.plain("sockets-server", &how).await?,
        gateway,
    ];
    // One after another: each needs the machine for itself.
    for subject in subjects {
        let calls = match subject.load {
            Load::Calls(calls) => calls,
            _ => Calls::Page {
                http: reqwest::Client::new(),
                url: format!("http://{}/usuarios", subject.parts.services[0].address).parse()?,
            },
        };
        rows.push(overloaded(world, subject.exercise, &calls, &subject.parts).await);
    }
    Ok(rows)
}

async fn overloaded(world: &World, exercise: &str, calls: &Calls, parts: &Parts) -> Row {
    let peak = peak(calls, world.stages().fault, world.pace()).await;
    let tally = Arc::new(Tally::default());
    let began = Instant::now();
    let lasts = if world.full {
        A_MINUTE
    } else {
        world.stages().fault
    };
    let unsent = twice(peak, calls, &tally, lasts, world.pace()).await;
    let good = tally.samples();
    let good = good
        .iter()
        .filter(|sample| sample.failure.is_none())
        .count();
    // To the last answer: what was late counts, and so does the time that it took.
    let good = f64::from(u32::try_from(good).unwrap_or(u32::MAX)) / began.elapsed().as_secs_f64();

    let healed = Instant::now();
    let course = async {
        while !tally.is_back(healed) && healed.elapsed() < PATIENCE {
            sleep(Duration::from_millis(10)).await;
        }
        let back = tally.is_back(healed).then(Instant::now);
        sleep(world.stages().after).await;
        tally.end();
        back
    };
    let ((), back) = tokio::join!(calls.run(&tally, world.pace()), course);
    let moments = Moments {
        began,
        healed,
        back,
    };
    let promise = Promise::FailsMeanwhile;
    let mut row = Row::judged(
        exercise,
        &tally.samples(),
        Found::default(),
        moments,
        promise,
    );
    row.notes.push(format!(
        "at most {peak:.0}/s; under twice that {good:.0}/s were answered, {:.2} of it",
        good / peak.max(1.0)
    ));
    if !parts.services[0].is_limited() {
        let all = "all of the machine was its own, for this system limits no process";
        row.notes.push(all.to_owned());
    }
    if unsent > 0 {
        row.notes
            .push(format!("{unsent} more were due, with {MOST} under way"));
    }
    if let Some(retries) = parts.services[0].metric("rpc_client_retries_total").await {
        row.notes.push(format!("{retries:.0} retries"));
    }
    row
}

/// How many a second are answered where callers wait for their answers.
async fn peak(calls: &Calls, lasts: Duration, pace: Pace) -> f64 {
    let until = Instant::now() + lasts;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS as u64 {
        let calls = calls.clone();
        callers.spawn(async move {
            let mut answered = 0_u32;
            while Instant::now() < until {
                let failure = calls
                    .failure(caller + u64::from(answered), pace.deadline)
                    .await;
                answered += u32::from(failure.is_none());
            }
            answered
        });
    }
    let answered: u32 = callers.join_all().await.into_iter().sum();
    f64::from(answered) / lasts.as_secs_f64()
}

/// Asks twice as much, whatever is answered; how much was due and not sent.
async fn twice(peak: f64, calls: &Calls, tally: &Arc<Tally>, lasts: Duration, pace: Pace) -> u64 {
    let (begun, mut sent, mut due) = (Instant::now(), 0_u64, 0);
    let mut under_way = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(2));
    while begun.elapsed() < lasts {
        tokio::select! {
            _ = ticks.tick() => {}
            Some(_) = under_way.join_next() => while under_way.try_join_next().is_some() {},
        }
        due = begun.elapsed().mul_f64(2.0 * peak).as_secs();
        while sent < due && under_way.len() < MOST {
            let (calls, tally, number) = (calls.clone(), Arc::clone(tally), sent);
            under_way.spawn(async move {
                let begun = Instant::now();
                let failure = calls.failure(number, pace.deadline).await;
                tally.record(begun, failure);
            });
            sent += 1;
        }
    }
    under_way.join_all().await;
    due - sent
}

//! Everybody comes back at once, after a service of the chat was killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use e2e::chat::Session;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use url::Url;

use super::Scenario;
use crate::load::PATIENCE;
use crate::row::Row;
use crate::tally::Sample;
use crate::world::{How, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "reconnects",
    fault: "a service of the chat is killed with all its clients connected, who come back at once when it is there again",
    promise: "All come back, none is refused without being told how long to wait, none is told of a gap, and each hears the next message of the other service once.",
    alone: true,
    run: |world| Box::pin(run(world)),
};

/// How far all of them are.
#[derive(Debug, Default)]
struct Progress {
    connected: AtomicU32,
    /// The service was killed: whoever is welcomed from now on is back. A crowd that comes for the first time
    /// may lose its slowest, who come again before.
    is_killed: AtomicBool,
    back: AtomicU32,
    heard: AtomicU32,
    /// What was said to all of them.
    frames: AtomicU64,
}

/// One client: when it was back, what it heard in the end, and how often it was told of a gap.
#[derive(Debug, Default)]
struct Returned {
    back: Option<Instant>,
    heard: u64,
    missed: u64,
    tries: u64,
    refused: u64,
    refused_without_wait: u64,
}

/// The message that all wait for.
const LAST: &str = "a-ultima";

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let clients = world.sized(200, 2000);
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let how = How {
        settings: vec![
            text("MAX_CONNECTIONS", "20000"),
            text("MAX_CONNECTIONS_PER_ADDRESS", "20000"),
            // Each of them joins, and may leave and join again.
            text("HISTORY_MAX", "100000"),
            text("HISTORY_MAX_BYTES", "64MiB"),
            text("OUTBOX_MAX", "100000"),
        ],
        ..How::default()
    };
    let mut chat = world.chat(&how).await?;
    let [a, b] = [0, 1].map(|at| format!("http://{}/", chat.parts.services[at].address));
    let (a, b) = (Url::parse(&a)?, Url::parse(&b)?);
    let (over, ends) = watch::channel(false);
    let progress = Arc::new(Progress::default());
    let mut all = JoinSet::new();
    for number in 1..=clients {
        let session = Session::new(a.clone(), number);
        all.spawn(live(session, Arc::clone(&progress), ends.clone()));
    }
    // Each is told of each other: what is still on its way is not part of their coming back.
    reached(&progress.connected, clients, PATIENCE * 4).await;
    quiet(&progress.frames).await;
    chat.parts.services[0].kill().await;
    let began = Instant::now();
    progress.is_killed.store(true, Ordering::Relaxed);
    chat.parts.services[0].start();
    reached(&progress.back, clients, PATIENCE).await;

    let mut speaker = Session::new(b, clients + 1);
    let frame = json!({"type": "send", "id": LAST, "text": "teste"});
    let welcome = speaker.frame(began + PATIENCE * 2).await;
    anyhow::ensure!(welcome.is_some(), "no welcome at the other service");
    speaker.send(&frame).await;
    reached(&progress.heard, clients, PATIENCE).await;
    over.send_replace(true);

    let returned = all.join_all().await;
    let samples: Vec<Sample> = returned.iter().map(|one| sample(one, began)).collect();
    let mut row = Row::measured("chat", &samples);
    row.lost = returned.iter().filter(|one| one.heard == 0).count() as u64;
    row.doubled = returned.iter().map(|one| one.heard.saturating_sub(1)).sum();
    row.back = samples.iter().map(|one| one.ended - one.begun).max();
    let tries: u64 = returned.iter().map(|one| one.tries).sum();
    let refused: u64 = returned.iter().map(|one| one.refused).sum();
    row.notes.push(format!(
        "{clients} clients, {tries} tries to connect, {refused} refused"
    ));
    let away = returned.iter().filter(|one| one.back.is_none()).count() as u64;
    let missed = returned.iter().map(|one| one.missed).sum();
    let (lost, doubled) = (row.lost, row.doubled);
    row.must_be_none("never back", away);
    row.must_be_none("told of a gap", missed);
    let untold = returned.iter().map(|one| one.refused_without_wait).sum();
    row.must_be_none("refused without a wait", untold);
    row.must_be_none("lost", lost);
    row.must_be_none("doubled", doubled);
    Ok(vec![row])
}

fn sample(one: &Returned, began: Instant) -> Sample {
    Sample {
        begun: began,
        ended: one.back.unwrap_or(began),
        failure: one.back.is_none().then(|| "never back".to_owned()),
    }
}

/// Waits until all are so far, or it takes too long.
async fn reached(count: &AtomicU32, clients: u32, patience: Duration) {
    let begun = Instant::now();
    while count.load(Ordering::Relaxed) < clients && begun.elapsed() < patience {
        sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until nothing has come for a while, or it takes too long.
async fn quiet(count: &AtomicU64) {
    let (begun, mut before) = (Instant::now(), 0);
    loop {
        let now = count.load(Ordering::Relaxed);
        if now == before || begun.elapsed() > PATIENCE {
            return;
        }
        before = now;
        sleep(Duration::from_millis(500)).await;
    }
}

/// Connects, comes back, and hears.
async fn live(
    mut session: Session,
    progress: Arc<Progress>,
    ends: watch::Receiver<bool>,
) -> Returned {
    let (mut returned, mut has_come) = (Returned::default(), false);
    while !*ends.borrow() {
        let soon = Instant::now() + Duration::from_millis(200);
        let Some(frame) = session.frame(soon).await else {
            continue;
        };
        progress.frames.fetch_add(1, Ordering::Relaxed);
        if frame["type"] == "welcome" {
            if !progress.is_killed.load(Ordering::Relaxed) {
                if !std::mem::replace(&mut has_come, true) {
                    progress.connected.fetch_add(1, Ordering::Relaxed);
                }
            } else if returned.back.is_none() {
                returned.back = Some(Instant::now());
                progress.back.fetch_add(1, Ordering::Relaxed);
            }
        }
        if frame["type"] == "message" && frame["id"] == LAST {
            returned.heard += 1;
            progress.heard.fetch_add(1, Ordering::Relaxed);
        }
    }
    returned.missed = session.missed;
    returned.tries = session.reconnects;
    returned.refused = session.refused;
    returned.refused_without_wait = session.refused_without_wait;
    returned
}

//! Asks each service's probes and writes what they say on the board.

use std::time::Duration;

use runtime::Life;
use runtime::readiness::Dependency;

use crate::supervisor::board::{Board, Entry, Health, State};

/// How often each service is asked while all are well.
const INTERVAL: Duration = Duration::from_millis(500);

/// How often while one is not: others may wait for it.
const SOON: Duration = Duration::from_millis(100);

/// A probe that takes longer counts as no answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// Watches every service until the lab ends. The lab itself is ready when all of them are.
pub async fn watch(board: Board, client: reqwest::Client, life: Life) {
    let needs: Vec<Dependency> = board
        .entries()
        .iter()
        .map(|entry| life.readiness().require(entry.name))
        .collect();
    loop {
        let running: Vec<_> = board
            .entries()
            .into_iter()
            .filter(|entry| entry.state == State::Running)
            .collect();
        let answers = running.iter().map(|entry| ask(&client, entry));
        let answers = futures_util::future::join_all(answers).await;
        for (entry, health) in running.iter().zip(answers) {
            board.seen(entry.name, entry.pid, health);
        }
        for (need, entry) in needs.iter().zip(board.entries()) {
            match entry.trouble() {
                None => need.ready(),
                Some(trouble) => need.not_ready(trouble),
            }
        }
        let pause = if life.readiness().report().ready {
            INTERVAL
        } else {
            SOON
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = life.stopping() => return,
        }
    }
}

/// What a service's `/readyz` says, whether with 200 or 503.
async fn ask(client: &reqwest::Client, entry: &Entry) -> Option<Health> {
    let url = format!("http://{}/readyz", crate::plan::reached_at(entry.admin));
    let answer = client.get(url).timeout(PATIENCE).send().await.ok()?;
    answer.json().await.ok()
}

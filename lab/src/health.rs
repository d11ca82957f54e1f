//! Asks each service's probes and writes what they say on the registry.

use std::time::Duration;

use runtime::Lifecycle;
use runtime::readiness::Dependency;

use crate::supervisor::status::{self, Entry, State, StatusRegistry};

/// How often each service is asked while all are well.
const INTERVAL: Duration = Duration::from_millis(500);

/// How often while one is not: others may wait for it.
const SOON: Duration = Duration::from_millis(100);

/// A probe that takes longer counts as no answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// What the lab itself needs to be ready: that each of its services is.
#[derive(Debug)]
pub struct Health {
    registry: StatusRegistry,
    lifecycle: Lifecycle,
    needs: Vec<Dependency>,
}

impl Health {
    /// Declares what is needed, before anything is asked.
    pub fn of(registry: &StatusRegistry, lifecycle: &Lifecycle) -> Self {
        let need = |entry: &Entry| lifecycle.readiness().require(entry.name);
        let needs = registry.entries().iter().map(need).collect();
        Self {
            registry: registry.clone(),
            lifecycle: lifecycle.clone(),
            needs,
        }
    }

    /// Watches every service until the lab ends.
    pub async fn watch(self, client: reqwest::Client) {
        loop {
            self.ask_all(&client).await;
            let well = self.lifecycle.readiness().report().ready;
            let pause = if well { INTERVAL } else { SOON };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.lifecycle.stopping() => return,
            }
        }
    }

    async fn ask_all(&self, client: &reqwest::Client) {
        let mut running = self.registry.entries();
        running.retain(|entry| entry.state == State::Running);
        let answers = running.iter().map(|entry| ask(client, entry));
        let answers = futures_util::future::join_all(answers).await;
        for (entry, health) in running.iter().zip(answers) {
            self.registry.seen(entry.name, entry.pid, health);
        }
        for (need, entry) in self.needs.iter().zip(self.registry.entries()) {
            match entry.trouble() {
                None => need.ready(),
                Some(trouble) => need.not_ready(trouble),
            }
        }
    }
}

/// What a service's `/readyz` says, whether with 200 or 503.
async fn ask(client: &reqwest::Client, entry: &Entry) -> Option<status::Health> {
    let url = format!("http://{}/readyz", crate::plan::reached_at(entry.admin));
    let answer = client.get(url).timeout(PATIENCE).send().await.ok()?;
    answer.json().await.ok()
}

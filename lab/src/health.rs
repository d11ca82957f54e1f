//! Asks each service's probes and writes what they say on the registry.

use std::time::Duration;

use runtime::Lifecycle;
use runtime::readiness::Dependency;

use crate::links::LabLinks;
use crate::supervisor::status::{self, Entry, State, StatusRegistry};

/// How often each service is asked while all are well: half of what the lab costs at rest.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often while one is not: others may wait for it.
const SOON: Duration = Duration::from_millis(100);

/// A probe that takes longer counts as no answer.
const PATIENCE: Duration = Duration::from_millis(800);

/// What the lab itself needs to be ready: that each of its services is.
#[derive(Debug)]
pub struct Health {
    registry: StatusRegistry,
    lifecycle: Lifecycle,
    needs: Vec<Need>,
    /// Opened when a service answers.
    links: Option<LabLinks>,
}

/// One service that the lab needs.
#[derive(Debug)]
struct Need {
    name: &'static str,
    dependency: Dependency,
    /// Whether it was ready at any time.
    was_ready: bool,
}

impl Health {
    /// Declares what is needed, before anything is asked. Who is absent is not needed.
    pub fn of(registry: &StatusRegistry, lifecycle: &Lifecycle) -> Self {
        let mut entries = registry.entries();
        entries.retain(|entry| entry.state != State::Absent);
        let need = |entry: &Entry| Need {
            name: entry.name,
            dependency: lifecycle.readiness().require(entry.name),
            was_ready: false,
        };
        let needs = entries.iter().map(need).collect();
        Self {
            registry: registry.clone(),
            lifecycle: lifecycle.clone(),
            needs,
            links: None,
        }
    }

    /// Opens the links of a service when it answers.
    #[must_use]
    pub fn opening(self, links: Option<LabLinks>) -> Self {
        Self { links, ..self }
    }

    /// Watches every service until the lab ends.
    pub async fn watch(mut self, client: reqwest::Client) {
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

    async fn ask_all(&mut self, client: &reqwest::Client) {
        let mut running = self.registry.entries();
        running.retain(|entry| matches!(entry.state, State::Running | State::Frozen));
        let answers = running.iter().map(|entry| ask(client, entry));
        let answers = futures_util::future::join_all(answers).await;
        for (entry, health) in running.iter().zip(answers) {
            match &health {
                Some(_) => {
                    self.registry.found(entry, false);
                    if let Some(links) = &self.links {
                        links.answered(entry.name).await;
                    }
                }
                None if is_stopped(entry.pid) => {
                    self.registry.found(entry, true);
                }
                None => {}
            }
            self.registry.seen(entry.name, entry.pid, health);
        }
        for need in &mut self.needs {
            let Some(entry) = self.registry.entry(need.name) else {
                continue;
            };
            match entry.trouble() {
                None => {
                    need.was_ready = true;
                    need.dependency.ready();
                }
                // That it begins is no trouble: the log of a healthy start is quiet.
                Some(_) if !need.was_ready && entry.is_beginning() => {}
                Some(trouble) => need.dependency.not_ready(trouble),
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

/// Whether a process is stopped by a signal, where this system says so in a file.
fn is_stopped(pid: Option<u32>) -> bool {
    let Some(pid) = pid else { return false };
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // The name before it stands in parentheses and may hold anything.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}

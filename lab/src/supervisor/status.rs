//! What is known of each service, for the page.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::now_millis;
use crate::faults::Fault;
use crate::plan::Planned;

/// The status of every service. Every clone is the same one.
#[derive(Clone, Debug)]
pub struct StatusRegistry {
    entries: Arc<Mutex<Vec<Entry>>>,
    /// Told after every change.
    changed: watch::Sender<()>,
}

/// One service.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its exercise.
    pub exercise: &'static str,
    /// Where it serves; none for a client.
    pub listen: Option<SocketAddr>,
    /// Whether a browser can ask there.
    pub http: bool,
    /// Where its probes answer.
    pub admin: SocketAddr,
    /// Whom it asks.
    pub asks: Vec<&'static str>,
    /// What its process does.
    pub state: State,
    /// Its process.
    pub pid: Option<u32>,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// How often its process was started again.
    pub restarts: u64,
    /// How its last process ended.
    pub last_exit: Option<String>,
    /// What its `/readyz` says; none while it does not answer.
    pub health: Option<Health>,
    /// What somebody has done to it, while that lasts.
    pub fault: Option<Fault>,
}

/// What a service's process does.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not started yet.
    Planned,
    /// It runs.
    Running,
    /// It runs, and a signal keeps it from doing anything.
    Frozen,
    /// It died and is to start again.
    Waiting,
    /// It died and is not started again.
    Failed,
    /// It was told to end.
    Stopping,
    /// It ended as it was told, and stays so.
    Stopped,
    /// It was left out; another program may be in its place.
    Absent,
}

impl State {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Frozen => "frozen",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Absent => "absent",
        }
    }
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
pub struct Health {
    /// Whether work should be sent there.
    pub ready: bool,
    /// Whether it is ending.
    pub draining: bool,
    /// What it depends on.
    pub checks: Vec<Check>,
}

/// One thing that a service depends on.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it is there.
    pub ready: bool,
    /// Why not.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How long a start may take before it is a trouble, in milliseconds.
const PATIENCE: u64 = 5_000;

impl Entry {
    fn planned(planned: &Planned) -> Self {
        Self {
            name: planned.name,
            exercise: planned.exercise,
            listen: planned.listen,
            http: planned.http,
            admin: planned.admin,
            asks: planned.asks.clone(),
            state: State::Planned,
            pid: None,
            since: now_millis(),
            restarts: 0,
            last_exit: None,
            health: None,
            fault: None,
        }
    }

    /// Whether it is to start, or has just started and not answered yet, for the first time.
    pub fn is_beginning(&self) -> bool {
        let is_first = self.last_exit.is_none() && self.health.is_none();
        let is_young = now_millis().saturating_sub(self.since) < PATIENCE;
        is_first && is_young && matches!(self.state, State::Planned | State::Running)
    }

    /// Why the service is not ready, or `None` where it is.
    pub fn trouble(&self) -> Option<String> {
        match (self.state, &self.health) {
            (State::Running, Some(health)) if health.ready => None,
            (State::Running, Some(health)) => {
                let mut missing = health.checks.iter().filter(|check| !check.ready);
                let missing = missing.next().map(|check| {
                    format!(
                        "{}: {}",
                        check.name,
                        check.reason.as_deref().unwrap_or("not ready")
                    )
                });
                Some(missing.unwrap_or_else(|| "draining".to_owned()))
            }
            (State::Running, None) => Some("its probes do not answer yet".to_owned()),
            (State::Frozen, _) => {
                Some("frozen (SIGSTOP): it does nothing until it is resumed".to_owned())
            }
            (State::Absent, _) => Some("left out".to_owned()),
            (State::Planned, _) => Some("not started yet".to_owned()),
            (State::Stopping, _) => Some("stopping".to_owned()),
            (State::Stopped, _) => Some("stopped".to_owned()),
            (State::Waiting | State::Failed, _) => {
                Some(self.last_exit.clone().unwrap_or_else(|| "died".to_owned()))
            }
        }
    }
}

impl StatusRegistry {
    /// A registry with a place for each planned service.
    pub fn new(services: &[Planned]) -> Self {
        let entries = services.iter().map(Entry::planned).collect();
        Self {
            entries: Arc::new(Mutex::new(entries)),
            changed: watch::Sender::new(()),
        }
    }

    /// Every service as it is now.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// The place of a service among all.
    pub fn index_of(&self, name: &str) -> usize {
        self.lock()
            .iter()
            .position(|entry| entry.name == name)
            .unwrap_or_default()
    }

    /// A process was started.
    pub fn started(&self, name: &str, pid: Option<u32>) {
        self.turn(name, State::Running, |entry| {
            entry.pid = pid;
            entry.restarts += u64::from(entry.last_exit.is_some());
        });
    }

    /// The process died and is to start again.
    pub fn died(&self, name: &str, how: String) {
        self.turn(name, State::Waiting, |entry| entry.last_exit = Some(how));
    }

    /// The process died and is not started again.
    pub fn failed(&self, name: &str, how: String) {
        self.turn(name, State::Failed, |entry| entry.last_exit = Some(how));
    }

    /// The process died and stays down for now.
    pub fn down(&self, name: &str, how: String) {
        self.turn(name, State::Stopped, |entry| entry.last_exit = Some(how));
    }

    /// The service is left out.
    pub fn absent(&self, name: &str) {
        self.turn(name, State::Absent, |_| {});
    }

    /// Whether the service is left out.
    pub fn is_absent(&self, name: &str) -> bool {
        self.entry(name)
            .is_some_and(|entry| entry.state == State::Absent)
    }

    /// A running process was frozen or goes on, unless another one runs by now.
    pub fn frozen(&self, name: &str, pid: Option<u32>, is_frozen: bool) {
        self.freeze(name, is_frozen, |entry| entry.pid == pid);
    }

    /// A process was found frozen or running, unless it has become another since it was looked at.
    pub fn found(&self, looked_at: &Entry, is_frozen: bool) {
        let seen = |entry: &Entry| (entry.pid, entry.state, entry.since);
        self.freeze(looked_at.name, is_frozen, |entry| {
            seen(entry) == seen(looked_at)
        });
    }

    fn freeze(&self, name: &str, is_frozen: bool, is_it: impl Fn(&Entry) -> bool) {
        let mut entries = self.lock();
        let state = if is_frozen {
            State::Frozen
        } else {
            State::Running
        };
        let found = entries.iter_mut().find(|entry| {
            let runs = matches!(entry.state, State::Running | State::Frozen);
            entry.name == name && is_it(entry) && runs && entry.state != state
        });
        if let Some(entry) = found {
            entry.state = state;
            entry.since = now_millis();
        }
        drop(entries);
        self.changed.send_replace(());
    }

    /// What somebody has done to a process, or that it is over.
    pub fn set_fault(&self, name: &str, fault: Option<Fault>) {
        let mut entries = self.lock();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
            entry.fault = fault;
        }
    }

    /// Told after every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// One service as it is now.
    pub fn entry(&self, name: &str) -> Option<Entry> {
        self.lock().iter().find(|entry| entry.name == name).cloned()
    }

    /// The process was told to end.
    pub fn stopping(&self, name: &str) {
        let pid = self
            .lock()
            .iter()
            .find(|entry| entry.name == name)
            .and_then(|entry| entry.pid);
        self.turn(name, State::Stopping, |entry| entry.pid = pid);
    }

    /// The process ended as it was told.
    pub fn stopped(&self, name: &str) {
        self.turn(name, State::Stopped, |_| {});
    }

    /// The lab has ended for a service that was down already.
    pub(super) fn ended(&self, name: &str) {
        let is_down = self.entry(name).is_some_and(|entry| {
            matches!(entry.state, State::Failed | State::Absent | State::Stopped)
        });
        if !is_down {
            self.stopped(name);
        }
    }

    /// What the probes of a process said, unless another one runs by now.
    pub fn seen(&self, name: &str, pid: Option<u32>, health: Option<Health>) {
        let mut entries = self.lock();
        let running = entries
            .iter_mut()
            .find(|entry| entry.name == name && entry.pid == pid);
        if let Some(entry) = running {
            entry.health = health;
        }
        drop(entries);
        self.changed.send_replace(());
    }

    /// Waits until all of these services are ready. Those that are not on the registry do not count.
    pub async fn until_ready(&self, names: &[&str]) {
        let mut changes = self.changed.subscribe();
        let waited_for = |entry: &&Entry| {
            let counts = names.contains(&entry.name) && entry.state != State::Absent;
            counts && entry.trouble().is_some()
        };
        while self.lock().iter().any(|entry| waited_for(&entry)) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// A change of state; no process and no health unless the change says so.
    fn turn(&self, name: &str, state: State, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.lock();
        if let Some(entry) = entries.iter_mut().find(|entry| entry.name == name) {
            entry.state = state;
            entry.since = now_millis();
            entry.pid = None;
            entry.health = None;
            change(entry);
        }
        drop(entries);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

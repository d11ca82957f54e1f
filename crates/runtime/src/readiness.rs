//! Readiness by handles: a service is ready when each thing it needs was seen.
//!
//! Every dependency takes a handle when the service is built. None is asked at probe time: the
//! part that uses a dependency reports what it saw, and the probe reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// The readiness of one service.
#[derive(Clone, Debug)]
pub struct Readiness {
    state: Arc<Mutex<ReadinessState>>,
    changed: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct ReadinessState {
    starting: bool,
    draining: bool,
    tracked: Vec<Tracked>,
}

/// A dependency, and why it was not ready since it last was, as far as the log tells.
#[derive(Debug)]
struct Tracked {
    check: Check,
    told: Vec<String>,
}

/// So many reasons of one outage the log tells.
const MOST_REASONS: usize = 8;

/// One dependency, as `/readyz` shows it.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Check {
    /// The dependency's name.
    pub name: String,
    /// Whether it was seen and not lost since.
    pub ready: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The whole answer of `/readyz`.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Report {
    /// Whether work should be sent here.
    pub ready: bool,
    /// Whether the service is ending.
    pub draining: bool,
    /// Each dependency.
    pub checks: Vec<Check>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            state: Arc::default(),
            changed: watch::Sender::new(true),
        }
    }
}

impl Readiness {
    /// Adds a dependency, not ready until its handle says so.
    pub fn require(&self, name: impl Into<String>) -> Dependency {
        let mut state = self.lock();
        let reason = Some("not seen yet".to_owned());
        let check = Check {
            name: name.into(),
            ready: false,
            reason,
        };
        state.tracked.push(Tracked {
            check,
            told: Vec::new(),
        });
        let index = state.tracked.len() - 1;
        drop(state);
        self.publish();
        Dependency {
            readiness: self.clone(),
            index,
        }
    }

    /// What `/readyz` answers.
    pub fn report(&self) -> Report {
        let state = self.lock();
        let checks = state.tracked.iter().map(|tracked| tracked.check.clone());
        let mut checks: Vec<_> = checks.collect();
        if state.starting {
            let reason = Some("not set up yet".to_owned());
            let name = "start".to_owned();
            checks.insert(
                0,
                Check {
                    name,
                    ready: false,
                    reason,
                },
            );
        }
        Report {
            ready: !state.draining && checks.iter().all(|check| check.ready),
            draining: state.draining,
            checks,
        }
    }

    /// Follows readiness as it changes, as the gRPC health service does.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.changed.subscribe()
    }

    /// Not ready before [`Self::started`]: what the service needs is not declared yet.
    pub(crate) fn starting(&self) {
        self.lock().starting = true;
        self.publish();
    }

    pub(crate) fn started(&self) {
        self.lock().starting = false;
        self.publish();
    }

    pub(crate) fn drain(&self) {
        self.lock().draining = true;
        self.publish();
    }

    fn publish(&self) {
        let ready = self.report().ready;
        self.changed
            .send_if_modified(|last| std::mem::replace(last, ready) != ready);
    }

    fn lock(&self) -> MutexGuard<'_, ReadinessState> {
        // The state is valid after every statement, so a panic elsewhere cannot have broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle by which a dependency's state is told.
#[derive(Clone, Debug)]
pub struct Dependency {
    readiness: Readiness,
    index: usize,
}

impl Dependency {
    /// The dependency answers.
    pub fn ready(&self) {
        self.set(None);
    }

    /// The dependency does not answer, for this reason. The reason is shown to whoever reads
    /// `/readyz`, so it must not hold a secret.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.set(Some(reason.into()));
    }

    fn set(&self, reason: Option<String>) {
        let mut state = self.readiness.lock();
        if let Some(tracked) = state.tracked.get_mut(self.index) {
            tracked.set(reason);
        }
        drop(state);
        self.readiness.publish();
    }
}

impl Tracked {
    /// The log tells the first reason and each new one: who waits for a service that never becomes
    /// ready looks there.
    fn set(&mut self, reason: Option<String>) {
        let dependency = self.check.name.as_str();
        match &reason {
            None if !self.check.ready => {
                tracing::info!(dependency, "ready");
                self.told.clear();
            }
            Some(reason) if self.told.len() < MOST_REASONS && !self.told.contains(reason) => {
                tracing::warn!(dependency, reason, "not ready");
                self.told.push(reason.clone());
            }
            _ => {}
        }
        self.check.ready = reason.is_none();
        self.check.reason = reason;
    }
}

#[cfg(test)]
mod tests {
    use testing::CapturedOutput;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_service_without_dependencies_is_ready() {
        assert!(Readiness::default().report().ready);
    }

    #[test]
    fn it_is_ready_only_while_every_dependency_is() {
        let readiness = Readiness::default();
        let (redis, peer) = (readiness.require("redis"), readiness.require("peer"));
        assert!(!readiness.report().ready);
        redis.ready();
        assert!(!readiness.report().ready);
        peer.ready();
        assert!(readiness.report().ready);
        redis.not_ready("connection refused");
        let report = readiness.report();
        assert!(!report.ready);
        assert_eq!(
            report.checks[0].reason.as_deref(),
            Some("connection refused")
        );
    }

    #[test]
    fn the_log_tells_the_first_reason_and_each_new_one() {
        let output = CapturedOutput::default();
        let writer = output.clone();
        let layer = tracing_subscriber::fmt::layer()
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let redis = Readiness::default().require("redis");
            for reason in ["refused", "refused", "silent", "refused"] {
                redis.not_ready(reason);
            }
            for _ in 0..2 {
                redis.ready();
                redis.not_ready("refused");
            }
            redis.ready();
            redis.ready();
            redis.not_ready("refused");
            for n in 0..20 {
                redis.not_ready(format!("another, {n}"));
            }
        });
        let line =
            |reason: &str| format!("WARN not ready dependency=\"redis\" reason=\"{reason}\"");
        let mut expected = vec![line("refused"), line("silent")];
        for _ in 0..3 {
            expected.push("INFO ready dependency=\"redis\"".to_owned());
            expected.push(line("refused"));
        }
        expected.extend((0..7).map(|n| line(&format!("another, {n}"))));
        let lines = output.lines();
        let lines: Vec<_> = lines.iter().map(|line| line.trim_start()).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn draining_ends_readiness_whatever_the_dependencies_say() {
        let readiness = Readiness::default();
        let redis = readiness.require("redis");
        readiness.drain();
        redis.ready();
        let report = readiness.report();
        assert!(!report.ready && report.draining);
    }

    #[test]
    fn before_the_service_has_started_it_is_not_ready_and_says_so() {
        let readiness = Readiness::default();
        readiness.starting();
        let report = readiness.report();
        assert!(!report.ready);
        assert_eq!(report.checks[0].name, "start");
        readiness.started();
        assert_eq!(
            (readiness.report().ready, readiness.report().checks.len()),
            (true, 0)
        );
    }

    #[test]
    fn followers_hear_changes_only() {
        let readiness = Readiness::default();
        let mut watch = readiness.watch();
        let redis = readiness.require("redis");
        assert!(watch.has_changed().unwrap() && !*watch.borrow_and_update());
        redis.not_ready("still away");
        assert!(!watch.has_changed().unwrap());
        redis.ready();
        assert!(watch.has_changed().unwrap() && *watch.borrow_and_update());
    }
}

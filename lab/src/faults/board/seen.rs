//! What the links and processes themselves show: faults that have ended, and those that others made.

use std::sync::atomic::Ordering;

use link::{Direction, Link, Toxic};
use serde_json::{Map, Value};

use super::super::spec::{Toward, toxic_name};
use super::{Active, Board, Cause, Fault, Target, begin, link_target};
use crate::supervisor::control::Action;
use crate::supervisor::status::{Entry, State};

impl Board {
    /// Looks at every link and process, and writes on the board what is there.
    pub(super) fn look(&self) {
        let entries = self.0.registry.entries();
        let links = self.0.links.as_ref().map(|links| links.links().all());
        let links = links.unwrap_or_default();
        self.forget(&links, &entries);
        if self.0.breaking.load(Ordering::Relaxed) == 0 {
            for link in &links {
                self.see_link(link);
            }
        }
        for entry in &entries {
            self.see_process(entry);
        }
    }

    /// Ends what is there no more.
    fn forget(&self, links: &[Link], entries: &[Entry]) {
        let mut faults = self.lock();
        for active in &mut faults.now {
            if let (
                Target::Process(service),
                Cause::Process {
                    has_begun,
                    action,
                    pid,
                },
            ) = (&active.fault.target, &mut active.cause)
                && let Some(entry) = entries.iter().find(|entry| entry.name == *service)
            {
                *has_begun |= shows(*action, *pid, entry);
            }
        }
        faults.end_those(|active| !lasts(active, links, entries));
    }

    fn see_link(&self, link: &Link) {
        let config = link.config();
        let target = link_target(&config.name);
        let known: Vec<_> = self
            .actives()
            .into_iter()
            .filter(|active| active.fault.target == target)
            .collect();
        for toxic in link.toxics() {
            let is_known = known.iter().any(
                |active| matches!(&active.cause, Cause::Toxics(toxics) if toxics.contains(&toxic)),
            );
            if !is_known {
                let fault = of_toxic(target.clone(), &toxic);
                self.add(fault, Cause::Toxics(vec![toxic]));
            }
        }
        let is_cut = known
            .iter()
            .any(|active| matches!(active.cause, Cause::Cut));
        if !config.enabled && !is_cut {
            let fault = begin(target, "cut", "cut".to_owned(), None);
            self.add(fault, Cause::Cut);
        }
    }

    fn see_process(&self, entry: &Entry) {
        let target = Target::Process(entry.name.to_owned());
        let actives = self.actives();
        let mut known = actives
            .iter()
            .filter(|active| active.fault.target == target);
        if entry.state == State::Frozen && known.next().is_none() {
            let fault = begin(target.clone(), "freeze", "freeze".to_owned(), None);
            let cause = Cause::Process {
                action: Action::Freeze,
                pid: entry.pid,
                has_begun: true,
            };
            self.add(fault, cause);
        }
        let actives = self.actives();
        let now = actives.iter().rfind(|active| active.fault.target == target);
        let fault = now.map(|active| active.fault.clone());
        if fault != entry.fault {
            self.0.registry.set_fault(entry.name, fault);
        }
    }
}

/// A fault that somebody made by toxiproxy's API.
fn of_toxic(target: Target, toxic: &Toxic) -> Fault {
    let json = Map::from(toxic.clone());
    let attributes = json.get("attributes").and_then(Value::as_object);
    let attributes = attributes.into_iter().flatten();
    let attributes: Vec<_> = attributes
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let kind = match toxic.fault {
        link::Fault::Slicer { .. } => "slices",
        link::Fault::Timeout { .. } => "silence",
        link::Fault::ResetAfter { bytes: 0 } => "drop-answer",
        link::Fault::ResetAfter { .. } => "reset",
        fault => fault.type_name(),
    };
    let is_usual = toxic.name == toxic_name(toxic.fault.type_name(), toxic.stream);
    let name = if is_usual {
        String::new()
    } else {
        format!("{}: ", toxic.name)
    };
    let text = format!("{name}{} {}", toxic.fault.type_name(), attributes.join(" "));
    Fault {
        toward: Some(match toxic.stream {
            Direction::Upstream => Toward::Server,
            Direction::Downstream => Toward::Client,
        }),
        share: Some(toxic.toxicity),
        ..begin(target, kind, text, None)
    }
}

/// Whether a process is as an action makes it.
fn shows(action: Action, pid: Option<u32>, entry: &Entry) -> bool {
    match action {
        Action::Freeze => entry.state == State::Frozen,
        Action::Stop => matches!(entry.state, State::Stopping | State::Stopped),
        _ => entry.pid != pid,
    }
}

fn lasts(active: &Active, links: &[Link], entries: &[Entry]) -> bool {
    match (&active.fault.target, &active.cause) {
        (Target::Link(name), cause) => {
            let link = links.iter().find(|link| link.config().name == *name);
            link.is_some_and(|link| match cause {
                Cause::Toxics(toxics) => {
                    let there = link.toxics();
                    toxics.iter().all(|toxic| there.contains(toxic))
                }
                Cause::Cut => !link.config().enabled,
                Cause::Refuse => link.is_refusing(),
                Cause::Process { .. } => false,
            })
        }
        (
            Target::Process(service),
            Cause::Process {
                action,
                pid,
                has_begun,
            },
        ) => {
            let entry = entries.iter().find(|entry| entry.name == *service);
            entry.is_some_and(|entry| match action {
                // It may not have come to it yet; once it is put back, nothing comes of it.
                _ if !has_begun && !active.is_due => entry.pid == *pid,
                Action::Kill => entry.state != State::Running || entry.pid == *pid,
                action => shows(*action, *pid, entry),
            })
        }
        (Target::Process(_), _) => false,
    }
}

//! The faults of now: since when, until when, and how each is put back.

mod process;
mod seen;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use link::{Link, LinkConfig, LinkError, Links, Toxic};
use runtime::Lifecycle;
use runtime::settings::nearest;
use serde::Serialize;
use tokio::sync::Notify;

use super::kinds::{Words, look_for};
use super::spec::{Effect, Part, Spec, SpecError, Toward};
use crate::clock::now_millis;
use crate::links::LabLinks;
use crate::supervisor::control::{Action, Controls};
use crate::supervisor::status::{State, StatusRegistry};

/// A fault, as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Unique in the lab's life.
    pub id: String,
    /// What it is made on.
    pub target: Target,
    /// Its kind.
    pub kind: String,
    /// As it was written.
    pub text: String,
    /// Which way it strikes, on a link.
    pub toward: Option<Toward>,
    /// The share of connections that it strikes, on a link.
    pub share: Option<f64>,
    /// Since when, in milliseconds since 1970.
    pub since: u64,
    /// Until when it lasts; none: until it is mended.
    pub until: Option<u64>,
    /// When it was put back.
    pub ended: Option<u64>,
    /// What shows it.
    pub look_for: Words,
}

/// What a fault is made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The link of this name.
    Link(String),
    /// The process of this service.
    Process(String),
}

/// Why nothing was broken or mended.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No link of this name.
    #[error("no link is called {name:?}; {near}")]
    NoLink {
        /// The name.
        name: String,
        /// The nearest that are.
        near: String,
    },
    /// No service of this name.
    #[error("the lab has no service {name:?}; {near}")]
    NoService {
        /// The name.
        name: String,
        /// The nearest that are.
        near: String,
    },
    /// No action of this name.
    #[error("{0:?} is no action; there are stop, start, kill, freeze and resume")]
    NoAction(String),
    /// No fault of this id.
    #[error("there is no fault {0:?} on this link")]
    NoFault(String),
    /// Not in the state that a process is in.
    #[error("{service} is {state}: it cannot {action} now")]
    NotNow {
        /// The service.
        service: String,
        /// The action.
        action: &'static str,
        /// Its state.
        state: String,
    },
    /// A time that nothing would end.
    #[error("{0} has no end of its own; leave \"for\" out")]
    NoEnd(&'static str),
    /// Not a fault.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The body of a request.
    #[error("{0}")]
    Body(String),
    /// The link does not do what it should.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The lab runs without links.
    #[error("this lab runs without links (LAB_LINKS=off)")]
    Off,
}

impl BoardError {
    /// No link of this name among these.
    pub(crate) fn no_link(name: &str, links: &Links) -> Self {
        let names: Vec<_> = links.all().iter().map(|link| link.config().name).collect();
        Self::NoLink {
            name: name.to_owned(),
            near: near(name, names.iter().map(String::as_str)),
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoLink { .. } | Self::NoService { .. } | Self::NoFault(_) | Self::Off => {
                StatusCode::NOT_FOUND
            }
            Self::NotNow { .. } => StatusCode::CONFLICT,
            Self::NoAction(_) | Self::NoEnd(_) | Self::Spec(_) | Self::Body(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Link(error) => error.status(),
        }
    }
}

/// Everything that is wrong now, and the latest that was. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Board(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    links: Option<LabLinks>,
    controls: Controls,
    registry: StatusRegistry,
    faults: Mutex<Faults>,
    /// How many links are being broken just now: what they show is not anybody else's doing.
    breaking: AtomicUsize,
    /// Held while something is done to the process of a service.
    turns: HashMap<&'static str, tokio::sync::Mutex<()>>,
    /// Told where a time has to be looked at again.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Faults {
    next: u64,
    now: Vec<Active>,
    over: VecDeque<Fault>,
}

/// A fault that lasts, and how it is known whether it does.
#[derive(Clone, Debug)]
struct Active {
    fault: Fault,
    cause: Cause,
    /// Whether its time is over, and it is about to be put back.
    is_due: bool,
}

#[derive(Clone, Debug)]
enum Cause {
    Toxics(Vec<Toxic>),
    Cut,
    Refuse,
    Process {
        action: Action,
        pid: Option<u32>,
        has_begun: bool,
    },
}

/// Faults that are over and still shown.
const REMEMBERED: usize = 100;

impl Board {
    /// Nothing is wrong yet.
    pub fn new(links: Option<LabLinks>, controls: Controls, registry: &StatusRegistry) -> Self {
        let names = registry.entries().into_iter().map(|entry| entry.name);
        Self(Arc::new(Inner {
            turns: names
                .map(|name| (name, tokio::sync::Mutex::default()))
                .collect(),
            links,
            controls,
            registry: registry.clone(),
            faults: Mutex::default(),
            breaking: AtomicUsize::new(0),
            changed: Notify::new(),
        }))
    }

    /// The lab's links, if it has some.
    pub fn links(&self) -> Option<&LabLinks> {
        self.0.links.as_ref()
    }

    /// Those that last, then the latest that are over, newest first.
    pub fn all(&self) -> Vec<Fault> {
        self.look();
        let faults = self.lock();
        let now = faults.now.iter().map(|active| active.fault.clone());
        now.chain(faults.over.iter().cloned()).collect()
    }

    /// Those of one link that last.
    pub fn of_link(&self, name: &str) -> Vec<Fault> {
        let is_there = |fault: &Fault| fault.ended.is_none() && fault.target == link_target(name);
        self.all().into_iter().filter(is_there).collect()
    }

    /// Breaks a link as it is written.
    pub async fn break_link(
        &self,
        name: &str,
        text: &str,
        lasts: Option<Duration>,
    ) -> Result<Vec<Fault>, BoardError> {
        let link = self.link(name)?;
        let name = link.config().name;
        for part in Spec::read(text)?.parts {
            self.0.breaking.fetch_add(1, Ordering::Relaxed);
            let cause = apply(&link, &part).await;
            let fault = begin(link_target(&name), part.kind, part.text.clone(), lasts);
            let fault = Fault {
                toward: matches!(part.effect, Effect::Bytes(_)).then_some(part.toward),
                share: matches!(part.effect, Effect::Bytes(_)).then_some(part.share),
                ..fault
            };
            if let Ok(cause) = &cause {
                self.add(fault, cause.clone());
            }
            self.0.breaking.fetch_sub(1, Ordering::Relaxed);
            cause?;
        }
        Ok(self.of_link(&name))
    }

    /// Takes every fault of a link away, or one.
    pub async fn mend_link(&self, name: &str, id: Option<&str>) -> Result<Vec<Fault>, BoardError> {
        let link = self.link(name)?;
        let name = link.config().name;
        match id {
            None => link.mend().await?,
            Some(id) => {
                let cause = self
                    .cause(id)
                    .ok_or_else(|| BoardError::NoFault(id.to_owned()))?;
                put_back(&link, &cause).await?;
            }
        }
        Ok(self.of_link(&name))
    }

    /// Puts every link right and lets every frozen process go on. Says which.
    pub async fn mend(&self) -> Result<Vec<String>, BoardError> {
        let mut mended = Vec::new();
        for active in self.actives() {
            match &active.fault.target {
                Target::Link(name) if !mended.contains(name) => mended.push(name.clone()),
                Target::Link(_) | Target::Process(_) => {}
            }
        }
        for name in &mended {
            self.link(name)?.mend().await?;
        }
        for entry in self.0.registry.entries() {
            if entry.state != State::Frozen {
                continue;
            }
            match self.process(entry.name, Action::Resume, None).await {
                // It has ended, or goes on already.
                Err(BoardError::NotNow { .. }) => {}
                resumed => mended.push(resumed?.name.to_owned()),
            }
        }
        self.look();
        Ok(mended)
    }

    /// Ends faults whose time is over, and sees what others make and mend, until the lab ends.
    pub async fn watch(self, lifecycle: Lifecycle) {
        let mut changes = self.0.registry.changes();
        loop {
            self.look();
            for active in self.due() {
                if let Err(error) = self.end(&active).await {
                    tracing::warn!(%error, fault = active.fault.text, "a fault is not put back");
                }
            }
            let next = self.actives().into_iter().filter(|active| !active.is_due);
            let next = next.filter_map(|active| active.fault.until).min();
            let wait = next.map(|until| Duration::from_millis(until.saturating_sub(now_millis())));
            tokio::select! {
                () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
                _ = changes.changed() => {}
                () = self.0.changed.notified() => {}
                () = lifecycle.stopping() => return,
            }
        }
    }

    /// Those whose time is over, each once.
    fn due(&self) -> Vec<Active> {
        let now = now_millis();
        let mut faults = self.lock();
        let mut due = Vec::new();
        for active in &mut faults.now {
            let is_over = active.fault.until.is_some_and(|until| until <= now);
            if is_over && !active.is_due {
                active.is_due = true;
                due.push(active.clone());
            }
        }
        due
    }

    async fn end(&self, active: &Active) -> Result<(), BoardError> {
        match (&active.fault.target, &active.cause) {
            (Target::Link(name), cause) => put_back(&self.link(name)?, cause).await?,
            (Target::Process(service), Cause::Process { action, .. }) => {
                let back = match action {
                    Action::Freeze => Action::Resume,
                    _ => Action::Start,
                };
                self.0.controls.send(service, back, false);
            }
            (Target::Process(_), _) => {}
        }
        self.look();
        Ok(())
    }

    /// Remembers a fault, in the place of one of its kind on the same target.
    fn add(&self, fault: Fault, cause: Cause) {
        let mut faults = self.lock();
        let is_same = |active: &Active| {
            active.fault.target == fault.target && active.fault.kind == fault.kind
        };
        faults.end_those(is_same);
        faults.next += 1;
        let id = faults.next.to_string();
        faults.now.push(Active {
            fault: Fault { id, ..fault },
            cause,
            is_due: false,
        });
        drop(faults);
        self.0.changed.notify_one();
    }

    fn cause(&self, id: &str) -> Option<Cause> {
        let actives = self.actives();
        let found = actives.into_iter().find(|active| active.fault.id == id);
        found.map(|active| active.cause)
    }

    fn actives(&self) -> Vec<Active> {
        self.lock().now.clone()
    }

    fn link(&self, name: &str) -> Result<Link, BoardError> {
        let links = self.0.links.as_ref().ok_or(BoardError::Off)?.links();
        links
            .get(name)
            .map_err(|_| BoardError::no_link(name, links))
    }

    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults {
    fn end_those(&mut self, which: impl Fn(&Active) -> bool) {
        let (over, now): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.now).into_iter().partition(which);
        self.now = now;
        for active in over {
            let ended = Some(now_millis());
            self.over.push_front(Fault {
                ended,
                ..active.fault
            });
        }
        self.over.truncate(REMEMBERED);
    }
}

/// A fault that begins now.
fn begin(target: Target, kind: &str, text: String, lasts: Option<Duration>) -> Fault {
    let since = now_millis();
    let lasts = lasts.map(|lasts| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX));
    Fault {
        id: String::new(),
        target,
        kind: kind.to_owned(),
        text,
        toward: None,
        share: None,
        since,
        until: lasts.map(|lasts| since.saturating_add(lasts)),
        ended: None,
        look_for: look_for(kind),
    }
}

fn link_target(name: &str) -> Target {
    Target::Link(name.to_owned())
}

/// What may have been meant.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    match nearest(name, known.iter().copied()).as_slice() {
        [] => format!("there are {}", known.join(", ")),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}

async fn apply(link: &Link, part: &Part) -> Result<Cause, LinkError> {
    match part.effect {
        Effect::Bytes(_) => {
            let toxics = part.toxics();
            for toxic in &toxics {
                link.put(toxic.clone());
            }
            Ok(Cause::Toxics(toxics))
        }
        Effect::Cut => {
            link.update(LinkConfig {
                enabled: false,
                ..link.config()
            })
            .await?;
            Ok(Cause::Cut)
        }
        Effect::Refuse => {
            link.set_refusing(true).await?;
            Ok(Cause::Refuse)
        }
    }
}

async fn put_back(link: &Link, cause: &Cause) -> Result<(), LinkError> {
    match cause {
        Cause::Toxics(toxics) => {
            for toxic in toxics {
                // Somebody may have taken it away by toxiproxy's API.
                _ = link.remove(&toxic.name);
            }
            Ok(())
        }
        Cause::Cut => link.enable().await,
        Cause::Refuse => link.set_refusing(false).await,
        Cause::Process { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests;

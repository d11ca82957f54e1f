//! The links at work, each open for as long as something answers behind it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use link::{Link, LinkConfig, LinkError, Links, Tap};
use runtime::Lifecycle;
use serde::Serialize;
use tokio::runtime::Handle;

use super::ports::is_listened_on;
use super::record::{Bytes, Connections, Record};
use super::wiring::{Edge, Leads, Wiring};
use crate::supervisor::output::Output;
use crate::supervisor::status::{Entry, State, StatusRegistry};
use crate::wire::Feed;

/// The links of the lab. Clones are the same ones.
#[derive(Clone, Debug)]
pub struct LabLinks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    links: Links,
    wiring: Wiring,
    records: Records,
    registry: StatusRegistry,
}

/// What passed each link, by its name.
type Records = Arc<Mutex<BTreeMap<String, Arc<Record>>>>;

/// A link as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownLink {
    /// Its name.
    pub name: String,
    /// Who connects.
    pub from: String,
    /// Who is reached.
    pub to: String,
    /// Where it listens.
    pub listen: String,
    /// Where it leads.
    pub upstream: String,
    /// Whether anybody may connect, and why not.
    pub state: LinkState,
    /// Whether what answers behind it is not the lab's own process.
    pub stranger: bool,
    /// How many connections.
    pub connections: Option<Connections>,
    /// How many bytes.
    pub bytes: Option<Bytes>,
}

/// Whether anybody may connect to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Whoever likes.
    Open,
    /// Nobody: nothing listens behind it.
    Closed,
    /// Nobody, and what was connected has ended: a fault.
    Cut,
    /// Nobody else: a fault.
    Refusing,
}

/// How often it is looked whether a program was started in a service's place.
const INTERVAL: Duration = Duration::from_millis(250);

impl LabLinks {
    /// Makes the links on this runtime, none of which listens before somebody answers behind it.
    pub async fn start(
        wiring: Wiring,
        home: Handle,
        registry: &StatusRegistry,
        feed: Feed,
        lifecycle: &Lifecycle,
    ) -> Result<Self, LinkError> {
        let records = Records::default();
        let own = Arc::clone(&records);
        let links = Links::on(home, lifecycle, move |name| {
            record(&own, name, &feed) as Arc<dyn Tap>
        });
        for edge in &wiring.edges {
            let (upstream, is_there) = match &edge.leads {
                Leads::Service { own, .. } => (own.to_string(), false),
                Leads::Elsewhere(upstream) => (upstream.clone(), true),
            };
            let config = LinkConfig {
                name: edge.name.clone(),
                listen: edge.listen.to_string(),
                upstream,
                enabled: true,
            };
            if is_there {
                links.add(config).await?;
            } else {
                links.add_unavailable(config).await?;
            }
        }
        Ok(Self(Arc::new(Inner {
            links,
            wiring,
            records,
            registry: registry.clone(),
        })))
    }

    /// All of them, as toxiproxy's API has them.
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// The port on which a link listens.
    pub fn port(&self, name: &str) -> Option<u16> {
        let link = self.0.links.get(name).ok()?;
        let listen: SocketAddr = link.config().listen.parse().ok()?;
        Some(listen.port())
    }

    /// Where a link leads now.
    pub fn upstream(&self, name: &str) -> Option<String> {
        let link = self.0.links.get(name).ok()?;
        Some(link.config().upstream)
    }

    /// Who asks over a link, and who is asked.
    pub fn ends(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let mut edges = self.0.wiring.edges.iter();
        let edge = edges.find(|edge| edge.name == name)?;
        Some((edge.from, edge.to))
    }

    /// A service answers: its links open, before anybody is told that it is ready.
    pub async fn answered(&self, service: &str) {
        for edge in self.edges_to(service) {
            let Ok(link) = self.0.links.get(&edge.name) else {
                continue;
            };
            if !link.is_available() {
                self.look(edge, &link, State::Running, true).await;
            }
        }
    }

    /// Opens and closes links as processes and strangers come and go, until the lab is told to end.
    pub async fn watch(self, output: Output, lifecycle: Lifecycle) {
        let mut changes = self.0.registry.changes();
        let mut said = Vec::new();
        loop {
            for entry in self.0.registry.entries() {
                for edge in self.edges_to(entry.name) {
                    let Some(trouble) = self.follow(edge, &entry).await else {
                        said.retain(|name| *name != edge.name);
                        continue;
                    };
                    if !said.contains(&edge.name) {
                        said.push(edge.name.clone());
                        output.say(format!("link {}: {trouble}", edge.name)).await;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                _ = changes.changed() => {}
                () = lifecycle.draining() => return,
            }
        }
    }

    fn edges_to(&self, service: &str) -> impl Iterator<Item = &Edge> {
        let edges = self.0.wiring.edges.iter();
        edges.filter(move |edge| edge.to == service)
    }

    async fn follow(&self, edge: &Edge, entry: &Entry) -> Option<LinkError> {
        let link = self.0.links.get(&edge.name).ok()?;
        let is_ours = matches!(entry.state, State::Running | State::Frozen);
        // A process that has answered once keeps its links, however slow it is.
        if is_ours && link.is_available() {
            return None;
        }
        self.look(edge, &link, entry.state, entry.health.is_some())
            .await
    }

    /// Looks who listens behind a link.
    async fn look(
        &self,
        edge: &Edge,
        link: &Link,
        state: State,
        answers: bool,
    ) -> Option<LinkError> {
        let Leads::Service { own, documented } = &edge.leads else {
            return None;
        };
        let place = match state {
            State::Running | State::Frozen => {
                Some(*own).filter(|own| answers && is_listened_on(*own))
            }
            State::Stopping => None,
            _ => {
                let mut places = [Some(*own), *documented].into_iter().flatten();
                places.find(|place| is_listened_on(*place))
            }
        };
        let led = self.lead(link, place).await;
        led.err()
    }

    async fn lead(&self, link: &Link, place: Option<SocketAddr>) -> Result<(), LinkError> {
        let Some(place) = place else {
            return link.set_available(false).await;
        };
        let config = link.config();
        let upstream = place.to_string();
        if config.upstream != upstream {
            link.set_available(false).await?;
            link.update(LinkConfig { upstream, ..config }).await?;
        }
        link.set_available(true).await
    }

    /// The links as they are now.
    pub async fn shown(&self) -> Vec<ShownLink> {
        let entries = self.0.registry.entries();
        let mut shown = Vec::new();
        let (ours, others): (Vec<_>, Vec<_>) = {
            let place = |link: &Link| {
                self.0
                    .wiring
                    .edges
                    .iter()
                    .position(|edge| edge.name == link.config().name)
            };
            let mut links: Vec<_> = self
                .0
                .links
                .all()
                .into_iter()
                .map(|link| (place(&link), link))
                .collect();
            links.sort_by_key(|(place, _)| *place);
            links.into_iter().partition(|(place, _)| place.is_some())
        };
        for (place, link) in ours.into_iter().chain(others) {
            let edge = place.map(|place| &self.0.wiring.edges[place]);
            let is_open = link.address().await.is_some();
            shown.push(self.show(&link, edge, is_open, &entries));
        }
        shown
    }

    fn show(
        &self,
        link: &Link,
        edge: Option<&Edge>,
        is_open: bool,
        entries: &[Entry],
    ) -> ShownLink {
        let config = link.config();
        let state = match is_open {
            _ if !config.enabled => LinkState::Cut,
            _ if link.is_refusing() => LinkState::Refusing,
            true => LinkState::Open,
            false => LinkState::Closed,
        };
        let is_ours = |entry: &Entry| matches!(entry.state, State::Running | State::Frozen);
        let service = edge.and_then(|edge| entries.iter().find(|entry| entry.name == edge.to));
        let records = self
            .0
            .records
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let record = records.get(&config.name);
        ShownLink {
            from: edge.map_or_else(
                || super::wiring::OUTSIDE.to_owned(),
                |edge| edge.from.to_owned(),
            ),
            to: edge.map_or_else(|| config.upstream.clone(), |edge| edge.to.to_owned()),
            stranger: is_open && service.is_some_and(|entry| !is_ours(entry)),
            connections: record.map(|record| record.connections()),
            bytes: record.map(|record| record.bytes()),
            name: config.name,
            listen: config.listen,
            upstream: config.upstream,
            state,
        }
    }
}

fn record(records: &Records, name: &str, feed: &Feed) -> Arc<Record> {
    let mut records = records.lock().unwrap_or_else(PoisonError::into_inner);
    let new = || Arc::new(Record::new(name, feed));
    Arc::clone(records.entry(name.to_owned()).or_insert_with(new))
}

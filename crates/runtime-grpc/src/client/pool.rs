//! The servers that are connected, and the choice between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use rand::Rng;
use tokio::sync::{Notify, watch};

use super::connection::{Connection, ConnectionError, Endpoint};
use runtime::readiness::Dependency;

/// Every server of one name. Those who call pick from it; the keeper of each server tells it
/// what became of the connection.
///
/// This is no `Channel::balance_channel`, which goes on handing a share of all calls to a server
/// that refuses connections (measured: a third of the calls with one of two servers down).
#[derive(Debug)]
pub(super) struct Pool {
    servers: Mutex<Servers>,
    changed: watch::Sender<()>,
    /// Asks for another look-up of the name.
    pub(super) stale: Notify,
    dependency: Dependency,
    connected: Gauge,
}

#[derive(Debug, Default)]
struct Servers {
    /// By address, what the last try to connect gave.
    known: BTreeMap<SocketAddr, Standing>,
    /// Why the last look-up of the name gave nothing.
    unresolved: Option<String>,
    /// How many connections were lost, and how many of them before the last look-up began: after one
    /// more, the name may have other servers by now.
    losses: u64,
    looked_up_after: u64,
}

#[derive(Debug)]
enum Standing {
    /// The first try, or the first since the connection was lost, is under way.
    Connecting,
    Connected(Arc<Server>),
    /// The last try failed, for this reason.
    Failed(String),
}

/// One connected server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Its IP address as text: every call's span has it.
    pub(super) ip: Arc<str>,
    pub(super) for_calls: Connection,
    /// Streams have a connection of their own, opened with the first of them: those that stay open
    /// must not take the places of calls, which a server bounds for each connection.
    streams: tokio::sync::Mutex<Option<Connection>>,
    endpoint: Endpoint,
    in_flight: AtomicUsize,
    /// Whether it says of itself that it serves: one that drains does not, and is not picked
    /// while another one is there.
    serves: AtomicBool,
}

/// A server picked for one call.
#[derive(Debug)]
pub(super) struct Picked(Arc<Server>);

/// Why there is no server to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoServer(pub(super) String);

impl Pool {
    pub(super) fn new(dependency: Dependency, connected: Gauge) -> Self {
        Self {
            servers: Mutex::default(),
            changed: watch::Sender::new(()),
            stale: Notify::new(),
            dependency,
            connected,
        }
    }

    /// Picks a server, another one than `not` where there is one.
    ///
    /// Waits while the first connection is being opened, and after the loss of one until the name was
    /// looked up again; fails at once where every server was tried in vain.
    pub(super) async fn pick(&self, not: Option<SocketAddr>) -> Result<Picked, NoServer> {
        let mut changed = self.changed.subscribe();
        loop {
            match self.lock().choose(not) {
                Choice::Server(server) => return Ok(Picked::new(server)),
                Choice::None(reason) => return Err(NoServer(reason)),
                Choice::Wait => {}
            }
            if changed.changed().await.is_err() {
                return Err(NoServer("the client has ended".to_owned()));
            }
        }
    }

    /// What a look-up that begins now cannot be asked about later.
    pub(super) fn losses(&self) -> u64 {
        self.lock().losses
    }

    /// Whether there is a server that does not drain.
    pub(super) fn serves(&self) -> bool {
        let servers = self.lock();
        servers.connected().any(|server| server.serves())
    }

    /// The name has these addresses, by a look-up that began after so many losses. Returns those that
    /// were not known.
    pub(super) fn resolved(&self, addresses: &[SocketAddr], losses: u64) -> Vec<SocketAddr> {
        let mut servers = self.lock();
        servers.unresolved = None;
        servers.looked_up_after = losses;
        servers.known.retain(|known, _| addresses.contains(known));
        let mut new = Vec::new();
        for address in addresses {
            servers.known.entry(*address).or_insert_with(|| {
                new.push(*address);
                Standing::Connecting
            });
        }
        self.publish(servers);
        new
    }

    /// The look-up gave nothing. What is connected stays: a DNS server that is away must not
    /// take the servers along.
    pub(super) fn unresolved(&self, reason: String, losses: u64) {
        let mut servers = self.lock();
        servers.unresolved = Some(reason);
        servers.looked_up_after = losses;
        self.publish(servers);
    }

    /// It is connected, and has said whether it serves.
    pub(super) fn connected(
        &self,
        endpoint: &Endpoint,
        for_calls: Connection,
        serves: bool,
    ) -> Arc<Server> {
        let server = Arc::new(Server {
            address: endpoint.address,
            ip: endpoint.address.ip().to_string().into(),
            for_calls,
            streams: tokio::sync::Mutex::default(),
            endpoint: endpoint.clone(),
            in_flight: AtomicUsize::new(0),
            serves: serves.into(),
        });
        let standing = Standing::Connected(Arc::clone(&server));
        self.set(endpoint.address, standing);
        server
    }

    /// The connection broke, and is tried anew at once.
    pub(super) fn lost(&self, address: SocketAddr) {
        self.set(address, Standing::Connecting);
        self.stale.notify_one();
    }

    /// The connection could not be opened, or broke as soon as it was.
    pub(super) fn failed(&self, address: SocketAddr, reason: String) {
        self.set(address, Standing::Failed(reason));
        self.stale.notify_one();
    }

    fn set(&self, address: SocketAddr, standing: Standing) {
        let mut servers = self.lock();
        // One that the name has no more is not taken up again by a late word on it.
        if let Some(known) = servers.known.get_mut(&address) {
            let was_connected = matches!(known, Standing::Connected(_));
            *known = standing;
            servers.losses += u64::from(was_connected);
        }
        self.publish(servers);
    }

    fn publish(&self, servers: MutexGuard<'_, Servers>) {
        let connected = servers.connected().count();
        self.connected
            .set(i64::try_from(connected).unwrap_or(i64::MAX));
        if connected > 0 {
            self.dependency.ready();
        } else if let Choice::None(reason) = servers.choose(None) {
            self.dependency.not_ready(reason);
        }
        drop(servers);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Choice {
    Server(Arc<Server>),
    Wait,
    None(String),
}

impl Servers {
    fn connected(&self) -> impl Iterator<Item = &Arc<Server>> {
        self.known.values().filter_map(|standing| match standing {
            // A connection is closed before its keeper has heard of it.
            Standing::Connected(server) if !server.for_calls.is_closed() => Some(server),
            _ => None,
        })
    }

    fn choose(&self, not: Option<SocketAddr>) -> Choice {
        let other = |server: &&Arc<Server>| Some(server.address) != not;
        let best = |server: &&Arc<Server>| other(server) && server.serves();
        let server = less_loaded(self.connected().filter(best))
            .or_else(|| less_loaded(self.connected().filter(other)))
            .or_else(|| less_loaded(self.connected()));
        match server {
            Some(server) => Choice::Server(Arc::clone(server)),
            None => self.without_any(),
        }
    }

    fn without_any(&self) -> Choice {
        if self.looked_up_after < self.losses {
            return Choice::Wait;
        }
        let mut reasons = Vec::new();
        for standing in self.known.values() {
            match standing {
                Standing::Failed(reason) => reasons.push(reason.as_str()),
                _ => return Choice::Wait,
            }
        }
        match (reasons.first(), &self.unresolved) {
            (Some(reason), _) => Choice::None((*reason).to_owned()),
            (None, Some(reason)) => Choice::None(reason.clone()),
            (None, None) => Choice::Wait, // the first look-up is under way
        }
    }
}

/// Of two at random, the one with fewer calls under way (Mitzenmacher, "The Power of Two Choices
/// in Randomized Load Balancing"), or the only one.
fn less_loaded<'a>(among: impl Iterator<Item = &'a Arc<Server>>) -> Option<&'a Arc<Server>> {
    let among: Vec<_> = among.collect();
    if let [] | [_] = among[..] {
        return among.first().copied();
    }
    let first = rand::rng().random_range(0..among.len());
    let step = rand::rng().random_range(1..among.len());
    let second = (first + step) % among.len();
    let load = |server: &Arc<Server>| server.in_flight.load(Ordering::Relaxed);
    let (first, second) = (among[first], among[second]);
    Some(if load(second) < load(first) {
        second
    } else {
        first
    })
}

impl Server {
    /// The connection for streams, opened where it is not.
    pub(super) async fn for_streams(&self) -> Result<Connection, ConnectionError> {
        let mut streams = self.streams.lock().await;
        if let Some(open) = streams.as_ref().filter(|open| !open.is_closed()) {
            return Ok(open.clone());
        }
        Ok(streams.insert(self.endpoint.connect().await?).clone())
    }

    /// What it says of itself; whether that is news.
    pub(super) fn set_serves(&self, serves: bool) -> bool {
        self.serves.swap(serves, Ordering::Relaxed) != serves
    }

    fn serves(&self) -> bool {
        self.serves.load(Ordering::Relaxed)
    }
}

impl Picked {
    fn new(server: Arc<Server>) -> Self {
        server.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(server)
    }
}

impl std::ops::Deref for Picked {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

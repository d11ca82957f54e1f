//! The backends that are connected, and the choice between them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use rand::Rng;
use tokio::sync::{Notify, watch};

use super::connection::{Connection, ConnectionError, Endpoint};
use runtime::readiness::Dependency;

/// Every backend of one name. Calls pick from it; the task that maintains a backend reports what
/// became of its connection.
#[derive(Debug)]
pub(super) struct Pool {
    backends: Mutex<Backends>,
    changed: watch::Sender<()>,
    /// Asks for the name to be looked up again.
    pub(super) re_resolve: Notify,
    dependency: Dependency,
    connected: Gauge,
}

#[derive(Debug, Default)]
struct Backends {
    /// By address.
    known: BTreeMap<SocketAddr, BackendState>,
    /// Why the last look-up failed.
    unresolved: Option<String>,
    /// How many connections were lost, and how many of them before the last look-up began. While the
    /// first is greater, the name may have new addresses that are not known yet.
    losses: u64,
    looked_up_after: u64,
}

#[derive(Debug)]
enum BackendState {
    /// The first try, or the first since the connection was lost, is under way.
    Connecting,
    Connected(Arc<Backend>),
    /// The last try failed, for this reason.
    Failed(String),
}

/// One connected backend.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    /// Its IP address as text: every call's span has it.
    pub(super) ip: Arc<str>,
    pub(super) unary: Connection,
    /// Streams have a connection of their own, opened with the first of them. A server limits the
    /// calls of each connection, and streams that stay open must not use that limit up.
    streams: tokio::sync::Mutex<Option<Connection>>,
    endpoint: Endpoint,
    in_flight: AtomicUsize,
    /// What its health service says. A backend that drains does not serve, and is not picked while
    /// another one is connected.
    serves: AtomicBool,
}

/// A backend picked for one call, which counts as load on it until dropped.
#[derive(Debug)]
pub(super) struct PickedBackend(Arc<Backend>);

/// Why there is no backend to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoBackend(pub(super) String);

impl Pool {
    pub(super) fn new(dependency: Dependency, connected: Gauge) -> Self {
        Self {
            backends: Mutex::default(),
            changed: watch::Sender::new(()),
            re_resolve: Notify::new(),
            dependency,
            connected,
        }
    }

    /// Picks a backend, another one than `exclude` if there is one.
    ///
    /// Waits while the first connection is being opened, and after the loss of one until the name has
    /// been looked up again. Fails at once if no backend could be connected to.
    pub(super) async fn pick(
        &self,
        exclude: Option<SocketAddr>,
    ) -> Result<PickedBackend, NoBackend> {
        // Most often there is one, and nothing to wait for.
        if let Choice::Backend(backend) = self.lock().choose(exclude) {
            return Ok(PickedBackend::new(backend));
        }
        let mut changed = self.changed.subscribe();
        loop {
            match self.lock().choose(exclude) {
                Choice::Backend(backend) => return Ok(PickedBackend::new(backend)),
                Choice::None(reason) => return Err(NoBackend(reason)),
                Choice::Wait => {}
            }
            if changed.changed().await.is_err() {
                return Err(NoBackend("the client has ended".to_owned()));
            }
        }
    }

    /// How many connections were lost so far. Whoever looks the name up reads it first, and hands it
    /// to [`resolved`](Self::resolved) or [`unresolved`](Self::unresolved).
    pub(super) fn losses(&self) -> u64 {
        self.lock().losses
    }

    /// Whether a connected backend serves, rather than drains.
    pub(super) fn serves(&self) -> bool {
        let backends = self.lock();
        backends.connected().any(|backend| backend.serves())
    }

    /// The name has these addresses, by a look-up that began after this many losses. Returns the new
    /// ones.
    pub(super) fn resolved(&self, addresses: &[SocketAddr], losses: u64) -> Vec<SocketAddr> {
        let mut backends = self.lock();
        backends.unresolved = None;
        backends.looked_up_after = losses;
        backends.known.retain(|known, _| addresses.contains(known));
        let mut new = Vec::new();
        for address in addresses {
            backends.known.entry(*address).or_insert_with(|| {
                new.push(*address);
                BackendState::Connecting
            });
        }
        self.publish(backends);
        new
    }

    /// The look-up failed. Connected backends stay: a DNS server that is away must not take them
    /// along.
    pub(super) fn unresolved(&self, reason: String, losses: u64) {
        let mut backends = self.lock();
        backends.unresolved = Some(reason);
        backends.looked_up_after = losses;
        self.publish(backends);
    }

    /// A backend is connected, and has said whether it serves.
    pub(super) fn connected(
        &self,
        endpoint: &Endpoint,
        unary: Connection,
        serves: bool,
    ) -> Arc<Backend> {
        let backend = Arc::new(Backend {
            address: endpoint.address,
            ip: endpoint.address.ip().to_string().into(),
            unary,
            streams: tokio::sync::Mutex::default(),
            endpoint: endpoint.clone(),
            in_flight: AtomicUsize::new(0),
            serves: serves.into(),
        });
        let state = BackendState::Connected(Arc::clone(&backend));
        self.set(endpoint.address, state);
        backend
    }

    /// The connection broke, and is opened again at once.
    pub(super) fn lost(&self, address: SocketAddr) {
        self.set(address, BackendState::Connecting);
        self.re_resolve.notify_one();
    }

    /// The connection could not be opened, or broke as soon as it was.
    pub(super) fn failed(&self, address: SocketAddr, reason: String) {
        self.set(address, BackendState::Failed(reason));
        self.re_resolve.notify_one();
    }

    fn set(&self, address: SocketAddr, state: BackendState) {
        let mut backends = self.lock();
        // A late report does not bring back an address that the name has no more.
        if let Some(known) = backends.known.get_mut(&address) {
            let was_connected = matches!(known, BackendState::Connected(_));
            *known = state;
            backends.losses += u64::from(was_connected);
        }
        self.publish(backends);
    }

    fn publish(&self, backends: MutexGuard<'_, Backends>) {
        let connected = backends.connected().count();
        self.connected
            .set(i64::try_from(connected).unwrap_or(i64::MAX));
        if connected > 0 {
            self.dependency.ready();
        } else if let Choice::None(reason) = backends.choose(None) {
            self.dependency.not_ready(reason);
        }
        drop(backends);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Backends> {
        self.backends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Choice {
    Backend(Arc<Backend>),
    Wait,
    None(String),
}

impl Backends {
    fn connected(&self) -> impl Iterator<Item = &Arc<Backend>> {
        self.known.values().filter_map(|state| match state {
            // A connection is closed before its maintainer notices.
            BackendState::Connected(backend) if !backend.unary.is_closed() => Some(backend),
            _ => None,
        })
    }

    fn choose(&self, exclude: Option<SocketAddr>) -> Choice {
        let other = |backend: &&Arc<Backend>| Some(backend.address) != exclude;
        let best = |backend: &&Arc<Backend>| other(backend) && backend.serves();
        let backend = less_loaded(self.connected().filter(best))
            .or_else(|| less_loaded(self.connected().filter(other)))
            .or_else(|| less_loaded(self.connected()));
        match backend {
            Some(backend) => Choice::Backend(Arc::clone(backend)),
            None => self.without_any(),
        }
    }

    fn without_any(&self) -> Choice {
        if self.looked_up_after < self.losses {
            return Choice::Wait;
        }
        let mut reasons = Vec::new();
        for state in self.known.values() {
            match state {
                BackendState::Failed(reason) => reasons.push(reason.as_str()),
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
fn less_loaded<'a>(mut among: impl Iterator<Item = &'a Arc<Backend>>) -> Option<&'a Arc<Backend>> {
    let first = among.next()?;
    let Some(second) = among.next() else {
        return Some(first);
    };
    let among: Vec<_> = [first, second].into_iter().chain(among).collect();
    let first = rand::rng().random_range(0..among.len());
    let step = rand::rng().random_range(1..among.len());
    let second = (first + step) % among.len();
    let load = |backend: &Arc<Backend>| backend.in_flight.load(Ordering::Relaxed);
    let (first, second) = (among[first], among[second]);
    Some(if load(second) < load(first) {
        second
    } else {
        first
    })
}

impl Backend {
    /// The connection for streams, opened where it is not.
    pub(super) async fn stream_connection(&self) -> Result<Connection, ConnectionError> {
        let mut streams = self.streams.lock().await;
        if let Some(open) = streams.as_ref().filter(|open| !open.is_closed()) {
            return Ok(open.clone());
        }
        Ok(streams.insert(self.endpoint.connect().await?).clone())
    }

    /// Sets what its health service says. Returns whether that is a change.
    pub(super) fn set_serves(&self, serves: bool) -> bool {
        self.serves.swap(serves, Ordering::Relaxed) != serves
    }

    fn serves(&self) -> bool {
        self.serves.load(Ordering::Relaxed)
    }
}

impl PickedBackend {
    fn new(backend: Arc<Backend>) -> Self {
        backend.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(backend)
    }
}

impl std::ops::Deref for PickedBackend {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.0
    }
}

impl Drop for PickedBackend {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

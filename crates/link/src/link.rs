//! One link: where it listens, where it leads, and what is wrong with it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::Lifecycle;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::LinkError;
use crate::pipe::Toxics;
use crate::tap::{ConnectionId, Tap};
use crate::toxic::{Toxic, ToxicChange};

/// What a link is, as toxiproxy writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkConfig {
    /// Its name.
    pub name: String,
    /// Where clients connect to: host and port, 0 for any free one.
    pub listen: String,
    /// Where the server is: host and port.
    pub upstream: String,
    /// Whether anybody may connect.
    pub enabled: bool,
}

/// A link. Its clones are the same link.
#[derive(Clone)]
pub struct Link(Arc<Inner>);

struct Inner {
    config: Mutex<LinkConfig>,
    toxics: watch::Sender<Toxics>,
    tap: Arc<dyn Tap>,
    lifecycle: Lifecycle,
    /// Where its connections run; on the runtime that starts it where none is named.
    home: Option<Handle>,
    /// Whether there is a server behind it, as far as its owner knows.
    available: AtomicBool,
    /// Whether nobody new may connect.
    refuses: AtomicBool,
    /// Ends what is connected now.
    cut: Mutex<CancellationToken>,
    /// Held while it is started or stopped.
    open: tokio::sync::Mutex<Option<Open>>,
}

/// A link that listens.
struct Open {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

/// Connections at once over one link: more than any exercise needs.
const MOST_CONNECTIONS: usize = 4096;

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Link").field(&self.config()).finish()
    }
}

impl Link {
    /// A link that does not listen yet.
    pub fn new(config: LinkConfig, tap: Arc<dyn Tap>, lifecycle: &Lifecycle) -> Self {
        Self::at(None, config, tap, lifecycle)
    }

    /// The same, with its connections on a runtime of their own.
    pub(crate) fn at(
        home: Option<Handle>,
        mut config: LinkConfig,
        tap: Arc<dyn Tap>,
        lifecycle: &Lifecycle,
    ) -> Self {
        config.enabled = false;
        Self(Arc::new(Inner {
            config: Mutex::new(config),
            toxics: watch::Sender::new(Toxics::from([])),
            tap,
            lifecycle: lifecycle.clone(),
            home,
            available: AtomicBool::new(true),
            refuses: AtomicBool::new(false),
            cut: Mutex::default(),
            open: tokio::sync::Mutex::new(None),
        }))
    }

    /// What it is now.
    pub fn config(&self) -> LinkConfig {
        lock(&self.0.config).clone()
    }

    /// Changes where it listens or leads, and whether anybody may connect. A change of address ends
    /// what is connected, as does disabling.
    pub async fn update(&self, config: LinkConfig) -> Result<(), LinkError> {
        let mut open = self.0.open.lock().await;
        let before = self.config();
        if config.listen != before.listen || config.upstream != before.upstream || !config.enabled {
            self.cut(&mut open).await;
        }
        *lock(&self.0.config) = LinkConfig {
            name: before.name,
            ..config
        };
        let opened = self.open_if_it_should_be(&mut open).await;
        if opened.is_err() {
            lock(&self.0.config).enabled = false;
        }
        opened
    }

    /// Lets clients connect.
    pub async fn enable(&self) -> Result<(), LinkError> {
        let enabled = LinkConfig {
            enabled: true,
            ..self.config()
        };
        self.update(enabled).await
    }

    /// Puts it right: it is enabled, refuses nobody, and has no toxics.
    pub async fn mend(&self) -> Result<(), LinkError> {
        let mut open = self.0.open.lock().await;
        self.clear();
        self.0.refuses.store(false, Ordering::Relaxed);
        lock(&self.0.config).enabled = true;
        self.accept_as_it_should(&mut open).await
    }

    /// Says whether there is a server behind the link. Without one the link does not listen, so that
    /// clients are refused by the system, as they would be without a link.
    pub async fn set_available(&self, available: bool) -> Result<(), LinkError> {
        let mut open = self.0.open.lock().await;
        self.0.available.store(available, Ordering::Relaxed);
        self.accept_as_it_should(&mut open).await
    }

    /// Whether there is a server behind it, as far as its owner has said.
    pub fn is_available(&self) -> bool {
        self.0.available.load(Ordering::Relaxed)
    }

    /// Says whether whoever connects is refused. What is connected goes on.
    pub async fn set_refusing(&self, refuses: bool) -> Result<(), LinkError> {
        let mut open = self.0.open.lock().await;
        self.0.refuses.store(refuses, Ordering::Relaxed);
        self.accept_as_it_should(&mut open).await
    }

    /// Whether whoever connects is refused.
    pub fn is_refusing(&self) -> bool {
        self.0.refuses.load(Ordering::Relaxed)
    }

    async fn accept_as_it_should(&self, open: &mut Option<Open>) -> Result<(), LinkError> {
        if self.is_available() && !self.is_refusing() {
            let opened = self.open_if_it_should_be(open).await;
            // Whoever says that it is available may try again.
            self.0.available.store(opened.is_ok(), Ordering::Relaxed);
            return opened;
        }
        if let Some(listening) = open.take() {
            // What is connected ends by itself: both sides see what the server's end makes of it.
            listening.accepting.abort();
            _ = listening.accepting.await;
        }
        Ok(())
    }

    /// Stops listening and ends what is connected.
    pub async fn close(&self) {
        self.cut(&mut *self.0.open.lock().await).await;
    }

    async fn cut(&self, open: &mut Option<Open>) {
        std::mem::take(&mut *lock(&self.0.cut)).cancel();
        if let Some(listening) = open.take() {
            // The address is free again when this returns.
            _ = listening.accepting.await;
        }
    }

    /// Its toxics, those of upstream first.
    pub fn toxics(&self) -> Vec<Toxic> {
        let mut toxics = self.0.toxics.borrow().to_vec();
        toxics.sort_by_key(|toxic| toxic.stream == crate::Direction::Downstream);
        toxics
    }

    /// The toxic of this name.
    pub fn toxic(&self, name: &str) -> Result<Toxic, LinkError> {
        let toxics = self.0.toxics.borrow();
        let found = toxics.iter().find(|toxic| toxic.name == name);
        found.cloned().ok_or(LinkError::NoToxic)
    }

    /// Replaces a toxic of the same name, or adds this one.
    pub fn put(&self, toxic: Toxic) {
        self.0.toxics.send_modify(|toxics| {
            let others = toxics.iter().filter(|each| each.name != toxic.name);
            let others: Vec<_> = others.cloned().collect();
            *toxics = others.into_iter().chain([toxic]).collect();
        });
    }

    /// Adds a toxic, which strikes what is connected too.
    pub fn add(&self, toxic: Toxic) -> Result<(), LinkError> {
        self.change(|toxics| {
            if toxics.iter().any(|each| each.name == toxic.name) {
                return Err(LinkError::ToxicExists);
            }
            toxics.push(toxic);
            Ok(())
        })
    }

    /// Changes a toxic; returns what it became.
    pub fn change_toxic(&self, name: &str, change: &ToxicChange) -> Result<Toxic, LinkError> {
        self.change(|toxics| {
            let found = toxics.iter_mut().find(|toxic| toxic.name == name);
            let toxic = found.ok_or(LinkError::NoToxic)?;
            *toxic = toxic.changed(change)?;
            Ok(toxic.clone())
        })
    }

    /// Takes a toxic away.
    pub fn remove(&self, name: &str) -> Result<(), LinkError> {
        self.change(|toxics| {
            let at = toxics.iter().position(|toxic| toxic.name == name);
            toxics.remove(at.ok_or(LinkError::NoToxic)?);
            Ok(())
        })
    }

    /// Takes every toxic away.
    pub fn clear(&self) {
        self.0.toxics.send_replace(Toxics::from([]));
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Toxic>) -> Result<T, LinkError>,
    ) -> Result<T, LinkError> {
        let mut outcome = Err(LinkError::NoToxic);
        self.0.toxics.send_if_modified(|toxics| {
            let mut changed = toxics.to_vec();
            outcome = change(&mut changed);
            if outcome.is_ok() {
                *toxics = changed.into();
            }
            outcome.is_ok()
        });
        outcome
    }

    async fn open_if_it_should_be(&self, open: &mut Option<Open>) -> Result<(), LinkError> {
        let config = self.config();
        if open.is_some() || !config.enabled || !self.is_available() || self.is_refusing() {
            return Ok(());
        }
        let address = completed(&config.listen);
        let asked = address.clone();
        let binding = self.spawn(async move {
            let listener = TcpListener::bind(asked).await?;
            Ok((listener.local_addr()?, listener))
        });
        let bound = binding.await.map_err(io::Error::other).flatten();
        let (address, listener) = match bound {
            Ok(bound) => bound,
            Err(source) => return Err(LinkError::Listen { address, source }),
        };
        // Where the port was 0, this is how anybody learns which it became.
        lock(&self.0.config).listen = address.to_string();
        let cut = lock(&self.0.cut).clone();
        let accepting = accept(listener, Arc::clone(&self.0), config.upstream, cut);
        *open = Some(Open {
            address,
            accepting: self.spawn(accepting),
        });
        Ok(())
    }

    /// Runs what listens and connects where its connections run.
    fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let _inside = self.0.home.as_ref().map(Handle::enter);
        self.0.lifecycle.spawn_without_span(task)
    }

    /// Where it listens, if it does.
    pub async fn address(&self) -> Option<SocketAddr> {
        self.0.open.lock().await.as_ref().map(|open| open.address)
    }
}

/// A host where there is none: this machine alone.
fn completed(listen: &str) -> String {
    match listen.strip_prefix(':') {
        _ if listen.is_empty() => "127.0.0.1:0".to_owned(),
        Some(port) => format!("127.0.0.1:{port}"),
        None => listen.to_owned(),
    }
}

async fn accept(listener: TcpListener, link: Arc<Inner>, upstream: String, cut: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let upstream: Arc<str> = upstream.into();
    loop {
        let accepted = tokio::select! {
            biased;
            () = cut.cancelled() => return,
            () = link.lifecycle.stopping() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((client, peer)) = accepted else {
            // Out of file descriptors: at once again would only burn a core.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue; // closed unserved
        };
        let (link, upstream, cut) = (Arc::clone(&link), Arc::clone(&upstream), cut.clone());
        let lifecycle = link.lifecycle.clone();
        lifecycle.spawn_without_span(async move {
            carry(&link, client, peer, &upstream, cut).await;
            drop(place);
        });
    }
}

async fn carry(
    link: &Inner,
    client: TcpStream,
    peer: SocketAddr,
    upstream: &str,
    cut: CancellationToken,
) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id: ConnectionId = NEXT.fetch_add(1, Ordering::Relaxed);
    link.tap.opened(id, peer);
    let connection = Connection {
        id,
        toxics: link.toxics.subscribe(),
        tap: &*link.tap,
        cut,
    };
    let ended = tokio::select! {
        ended = connection.run(client, upstream) => ended,
        () = link.lifecycle.stopping() => crate::Ended::Cut,
    };
    link.tap.ended(id, ended);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

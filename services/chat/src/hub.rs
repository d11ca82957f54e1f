//! The one room of this service: who is in it, what they are sent, what is taken into its log.
//!
//! An entry is put into the log and handed to everybody under one lock, so that all see the same
//! order. Handing it on costs each client a reference to shared bytes, and never waits.

mod connection;
mod fan_out;
mod flush;
mod join;
mod member;
mod peers;
mod replication;

pub use connection::{ClientConnection, Stream};
pub use join::{Join, Resume};
pub use member::{Eviction, MemberId, Protocol};
pub use peers::PeerName;
pub use replication::RETRY;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::clock;
use crate::domain::log::{AppendOutcome, AppendRequest, RelayPolicy};
use crate::domain::presence::Presence;
use crate::domain::{ClientId, Entry, Event, Source, Token, TraceContext};
use crate::metrics::{ChatMetrics, EntryLabels, OriginLabel};
use crate::store::LocalLog;
use crate::store::shared::{SharedLog, Snapshot};
use flush::FlushWorkers;
use member::Member;
use peers::Peer;

/// The room. Every clone is the same one.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Token,
    epoch: Token,
    welcome: WelcomeSettings,
    metrics: ChatMetrics,
    room: Mutex<Room>,
    writers: FlushWorkers,
    /// The log of all replicas, where there is one: the room's own is a copy of it then.
    shared: Option<SharedLog>,
    /// The last sequence number, for those who relay.
    sequence: watch::Sender<u64>,
    /// How many are in the room.
    members: watch::Sender<usize>,
}

/// What `welcome` says of the settings.
#[derive(Clone, Debug)]
pub struct WelcomeSettings {
    /// Where to look at traces.
    pub trace_url: Option<String>,
    /// Largest frame of a client.
    pub max_message: usize,
    /// Milliseconds between two pings.
    pub ping_interval: u64,
    /// Frames that may wait for a client.
    pub queue: usize,
}

#[derive(Debug)]
struct Room {
    local: LocalLog,
    presence: Presence,
    /// In the order in which they came, so that simulations repeat.
    members: BTreeMap<MemberId, Member>,
    sessions: HashMap<Token, MemberId>,
    next: u64,
    peers: Vec<Peer>,
}

/// What a member says.
#[derive(Clone, Debug)]
pub struct ClientMessage {
    /// Who.
    pub client: ClientId,
    /// Its session.
    pub session: Token,
    /// The message's name.
    pub id: Token,
    /// What.
    pub text: String,
}

impl Hub {
    /// An empty room around a log.
    pub fn new(
        service: Token,
        local: LocalLog,
        peers: Vec<PeerName>,
        welcome: WelcomeSettings,
        metrics: ChatMetrics,
    ) -> Self {
        let hub = Self::around(service, local, None, peers, welcome, metrics);
        hub.expire_stale_sessions();
        hub
    }

    /// An empty room at one of several replicas, which share a log.
    pub fn at_replica(
        service: Token,
        shared: SharedLog,
        begun: Snapshot,
        peers: Vec<PeerName>,
        welcome: WelcomeSettings,
        metrics: ChatMetrics,
    ) -> Self {
        let local = LocalLog::copy_of(begun.log);
        let hub = Self::around(service, local, Some(shared), peers, welcome, metrics);
        hub.lock()
            .presence
            .replace(hub.service().clone(), begun.here);
        hub
    }

    fn around(
        service: Token,
        local: LocalLog,
        shared: Option<SharedLog>,
        peers: Vec<PeerName>,
        welcome: WelcomeSettings,
        metrics: ChatMetrics,
    ) -> Self {
        let epoch = local.log().epoch().clone();
        let sequence = local.log().outbox().last();
        let mut room = Room {
            local,
            presence: Presence::default(),
            members: BTreeMap::new(),
            sessions: HashMap::new(),
            next: 0,
            peers: peers.into_iter().map(Peer::new).collect(),
        };
        room.count_waiting(&metrics);
        Self(Arc::new(Inner {
            service,
            epoch,
            welcome,
            metrics,
            room: Mutex::new(room),
            writers: FlushWorkers::new(),
            sequence: watch::Sender::new(sequence),
            members: watch::Sender::new(0),
            shared,
        }))
    }

    /// This service.
    pub fn service(&self) -> &Token {
        &self.0.service
    }

    /// The name of its log.
    pub fn epoch(&self) -> &Token {
        &self.0.epoch
    }

    /// What it counts.
    pub fn metrics(&self) -> &ChatMetrics {
        &self.0.metrics
    }

    /// Takes what is offered into the log and hands it to everybody, or says why not.
    pub async fn append(&self, request: AppendRequest) -> AppendOutcome {
        let Some(shared) = &self.0.shared else {
            return self.take(&mut self.lock(), request);
        };
        // It is handed to everybody when it comes back as what all replicas follow.
        let outcome = shared.append(&request).await;
        self.count(labels(&request), &outcome);
        outcome
    }

    /// A member says something. Its own message comes back to it as accepted, if it speaks v1.
    pub async fn say(&self, said: ClientMessage, trace: TraceContext) -> AppendOutcome {
        let (client, text) = (said.client, said.text);
        self.append(AppendRequest {
            id: said.id,
            event: Event::Message { client, text },
            source: Source::Own {
                session: said.session,
                sequence: None,
            },
            at: clock::now_ms(),
            trace,
            relay: RelayPolicy::Required,
        })
        .await
    }

    /// Who joined in an earlier lifecycle of this process is not here any more.
    fn expire_stale_sessions(&self) {
        let mut room = self.lock();
        for (session, here) in room.local.log().sessions().clone() {
            let trace = TraceContext::default();
            let left = join::leave_request(here.client, session, here.announced, trace);
            self.take(&mut room, left);
        }
    }

    fn take(&self, room: &mut Room, request: AppendRequest) -> AppendOutcome {
        let labels = labels(&request);
        let outcome = room.local.append(request);
        self.count(labels, &outcome);
        if let AppendOutcome::Appended(entry) = &outcome {
            self.hand_on(room, entry);
        }
        outcome
    }

    /// Hands an entry that is in the log to everybody.
    fn hand_on(&self, room: &mut Room, entry: &Entry) {
        room.fan_out(&self.0.service, entry, &self.0.metrics);
        room.count_waiting(&self.0.metrics);
        self.0
            .sequence
            .send_replace(room.local.log().outbox().last());
    }

    fn count(&self, labels: EntryLabels, outcome: &AppendOutcome) {
        let metrics = &self.0.metrics;
        match outcome {
            AppendOutcome::Appended(_) => {
                metrics.taken.get_or_create(&labels).inc();
            }
            AppendOutcome::Duplicate(_) => {
                let from = labels.from;
                metrics
                    .duplicates
                    .get_or_create(&OriginLabel { from })
                    .inc();
            }
            AppendOutcome::Refused(refusal) => ChatMetrics::count(&metrics.refused, refusal.code()),
            AppendOutcome::Unknown => ChatMetrics::count(&metrics.refused, "unknown"),
        }
    }

    /// Follows the sequence numbers of what is to be relayed.
    pub fn sequence(&self) -> watch::Receiver<u64> {
        self.0.sequence.subscribe()
    }

    /// Follows how many are in the room.
    pub fn members(&self) -> watch::Receiver<usize> {
        self.0.members.subscribe()
    }

    /// Whether what waits for the peers outlives the process.
    pub fn is_durable(&self) -> bool {
        self.0.shared.is_some() || self.lock().local.is_durable()
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        // Every method leaves the room whole, so a panic elsewhere cannot have broken it.
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an offer counts as.
fn labels(request: &AppendRequest) -> EntryLabels {
    EntryLabels {
        from: match request.source {
            Source::Own { .. } => "own",
            Source::Peer { .. } => "peer",
            Source::Original => "original",
        },
        kind: match request.event {
            Event::Message { .. } => "message",
            Event::Joined { .. } => "joined",
            Event::Left { .. } => "left",
            Event::Notice { .. } => "notice",
        },
    }
}

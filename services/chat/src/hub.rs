//! The one room of this service: its lock, and the I/O around it.
//!
//! An entry is put into the log and queued for everybody under one lock, so that all see the same
//! order. Queueing it costs each client a reference to shared bytes, and never waits.

mod connection;
mod membership;
mod replication;
mod retry;
mod room;
mod send_queue;

pub use connection::{ClientConnection, Stream};
pub use retry::RETRY;
pub use room::{Eviction, Join, MemberId, PeerName, Protocol, Resume, WelcomeSettings};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use runtime::Lifecycle;
use runtime::trace::{self, SpanKind};
use tokio::sync::{oneshot, watch};

use crate::domain::log::{AppendOutcome, AppendRequest, Record, Refusal, RelayPolicy};
use crate::domain::{ClientId, Entry, Event, Source, Token, TraceContext};
use crate::metrics::{ChatMetrics, EntryLabels, OriginLabel};
use crate::propagation;
use crate::store::journal::Journal;
use crate::store::{Backend, Store};
use crate::wire::relay::{self, PresenceReport};
use connection::FlushWorkers;
use room::Delivery;

/// The room as everybody else sees it. Every clone is the same one.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Inner>);

type Room = room::Room<Arc<ClientConnection>>;

#[derive(Debug)]
struct Inner {
    service: Token,
    epoch: Token,
    settings: HubSettings,
    metrics: ChatMetrics,
    room: Mutex<Room>,
    workers: FlushWorkers,
    backend: Backend,
    /// The last sequence number, for those who relay.
    sequence: watch::Sender<u64>,
    /// How many are in the room, or awaited there.
    members: watch::Sender<usize>,
}

/// What the hub is told.
#[derive(Clone, Debug)]
pub struct HubSettings {
    /// What `welcome` says of the settings.
    pub welcome: WelcomeSettings,
    /// Frames that may wait for a client.
    pub queue: usize,
    /// How long sessions of a killed process have to come back.
    pub return_time: Duration,
}

/// What a client says.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ClientMessage {
    pub client: ClientId,
    pub session: Token,
    pub id: Token,
    pub text: String,
}

impl Hub {
    /// An empty room around a log. [`start`](Self::start) makes it work.
    pub fn new(
        store: Store,
        peers: Vec<PeerName>,
        settings: HubSettings,
        metrics: ChatMetrics,
    ) -> Self {
        let Store {
            log,
            roster,
            backend,
        } = store;
        let (service, epoch) = (log.service().clone(), log.epoch().clone());
        let sequence = watch::Sender::new(log.outbox().last());
        let room = Room::new(log, roster, peers);
        let hub = Self(Arc::new(Inner {
            service,
            epoch,
            settings,
            metrics,
            sequence,
            members: watch::Sender::new(room.occupancy()),
            room: Mutex::new(room),
            workers: FlushWorkers::new(),
            backend,
        }));
        hub.publish(&mut hub.lock());
        hub
    }

    /// Starts what works in the background: the workers that write to the clients, and the task
    /// that writes the journal. Sessions of an earlier process of this service leave unless they
    /// come back.
    pub fn start(&self, lifecycle: &Lifecycle) {
        for worker in self.0.workers.iter() {
            let (hub, lifecycle_here) = (self.clone(), lifecycle.clone());
            let worker = Arc::clone(worker);
            lifecycle.spawn_without_span(async move {
                tokio::select! {
                    biased;
                    () = lifecycle_here.aborted() => {}
                    () = hub.drained(&lifecycle_here) => {}
                    () = worker.run() => {}
                }
            });
        }
        if let Backend::Disk(journal) = &self.0.backend {
            journal.start(lifecycle);
            self.await_sessions(lifecycle);
        }
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

    /// Appends to the log and delivers to everybody, or says why not.
    pub async fn append(&self, request: AppendRequest) -> AppendOutcome {
        match &self.0.backend {
            Backend::Memory => self.append_now(&mut self.lock(), request),
            Backend::Disk(journal) => {
                let (reply, outcome) = oneshot::channel();
                let hub = self.clone();
                // A job of its own: it is done whole, also where nobody waits for it any more.
                journal.submit(move |journal| {
                    let _ = reply.send(hub.append_to(journal, request));
                    hub.compact(journal);
                });
                outcome.await.unwrap_or(AppendOutcome::Unknown)
            }
            Backend::Shared(shared) => {
                // It is delivered when it comes back as what all replicas follow.
                let labels = labels(&request);
                let outcome = shared.append(&request).await;
                self.count(labels, &outcome);
                outcome
            }
        }
    }

    /// A member says something. Its own message comes back to it as accepted, if it speaks v1.
    pub async fn post(&self, message: ClientMessage, trace: TraceContext) -> AppendOutcome {
        let (client, text) = (message.client, message.text);
        self.append(AppendRequest {
            id: message.id,
            event: Event::Message { client, text },
            source: Source::Own {
                session: message.session,
                sequence: None,
            },
            at: relay::now_ms(),
            trace,
            relay: RelayPolicy::Required,
        })
        .await
    }

    /// Appends to a log that is in memory alone.
    fn append_now(&self, room: &mut Room, request: AppendRequest) -> AppendOutcome {
        let labels = labels(&request);
        let outcome = match room.decide(request) {
            Ok(entry) => AppendOutcome::Appended(self.commit(room, entry)),
            Err(outcome) => outcome,
        };
        self.count(labels, &outcome);
        outcome
    }

    /// Appends to a log on disk: the journal has an entry before anybody sees it.
    ///
    /// Only the journal's task appends, so that what was decided still holds after the write, which
    /// is made without the room's lock.
    fn append_to(&self, journal: &mut Journal, request: AppendRequest) -> AppendOutcome {
        let labels = labels(&request);
        let decided = self.lock().decide(request);
        let outcome = match decided {
            Ok(entry) => match journal.append(&Record::Entry(entry.clone())) {
                Ok(()) => AppendOutcome::Appended(self.commit(&mut self.lock(), entry)),
                Err(error) => {
                    tracing::error!(%error, "the journal in OUTBOX_DIR cannot be written");
                    AppendOutcome::Refused(Refusal::Unavailable)
                }
            },
            Err(outcome) => outcome,
        };
        self.count(labels, &outcome);
        outcome
    }

    /// Rewrites a journal that has grown long.
    fn compact(&self, journal: &mut Journal) {
        if !journal.is_long() {
            return;
        }
        let records = self.lock().snapshot();
        if let Err(error) = journal.rewrite(&records) {
            tracing::warn!(%error, "the journal in OUTBOX_DIR cannot be compacted; it goes on growing");
        }
    }

    /// Puts an entry into the log and delivers it, under a span of the entry's trace.
    fn commit(&self, room: &mut Room, entry: Entry) -> Arc<Entry> {
        let cursor = i64::try_from(entry.cursor).unwrap_or(i64::MAX);
        let attributes = [KeyValue::new("chat.cursor", cursor)];
        let parent = propagation::parent(&entry.trace);
        let span = trace::start(SpanKind::Internal, "broadcast", parent, attributes);
        let (entry, deliveries) = room.append(entry);
        let recipients = deliver(deliveries);
        self.0.metrics.deliveries.inc_by(u64::from(recipients));
        span.set_attribute("chat.recipients", i64::from(recipients));
        self.publish(room);
        entry
    }

    /// Shows what waits for the peers, and tells those who relay of what is new.
    fn publish(&self, room: &mut Room) {
        for (label, waiting) in room.count_waiting() {
            let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
            self.0.metrics.waiting.get_or_create(label).set(waiting);
        }
        let last = room.log().outbox().last();
        self.0.sequence.send_replace(last);
    }

    fn count(&self, labels: EntryLabels, outcome: &AppendOutcome) {
        let metrics = &self.0.metrics;
        match outcome {
            AppendOutcome::Appended(_) => {
                metrics.taken.get_or_create(&labels).inc();
            }
            AppendOutcome::Duplicate(_) => {
                let from = labels.from;
                let label = OriginLabel { from };
                metrics.duplicates.get_or_create(&label).inc();
            }
            AppendOutcome::Refused(refusal) => ChatMetrics::count(&metrics.refused, refusal.code()),
            AppendOutcome::Unknown => ChatMetrics::count(&metrics.refused, "unknown"),
        }
    }

    /// The connection of a client that has become a WebSocket.
    pub(crate) fn connect(&self, stream: Box<dyn Stream>) -> Arc<ClientConnection> {
        ClientConnection::new(stream, self.0.settings.queue, self.0.workers.pick())
    }

    /// The first entry after this sequence number that a peer has not acknowledged.
    pub fn next_pending(&self, peer: &str, after: u64) -> Option<Arc<Entry>> {
        self.lock().next_pending(peer, after)
    }

    /// How many entries wait for a peer.
    pub fn waiting(&self, peer: &str) -> usize {
        self.lock().log().outbox().waiting(peer)
    }

    /// A peer is done with an entry: it has taken it, or never will. The sender is told.
    pub async fn settle(&self, peer: &str, entry: &Entry, delivered: bool) {
        if !delivered {
            ChatMetrics::count(&self.0.metrics.refused, "undeliverable");
        }
        let Some(sequence) = entry.sequence() else {
            return; // never relayed
        };
        match &self.0.backend {
            Backend::Memory => self.settle_now(&mut self.lock(), peer, entry, delivered),
            Backend::Disk(journal) => {
                let record = Record::Acked {
                    peer: peer.to_owned(),
                    through: sequence,
                };
                // One that is not kept is sent again after a restart, and the peer takes it once.
                journal.submit(move |journal| {
                    if let Err(error) = journal.append(&record) {
                        tracing::error!(%error, "the journal in OUTBOX_DIR cannot be written");
                    }
                });
                self.settle_now(&mut self.lock(), peer, entry, delivered);
            }
            // It comes back as what all replicas follow. Where it does not, the next one says as
            // much, or the entry is relayed again and taken once.
            Backend::Shared(shared) => {
                if let Err(error) = shared.settle(peer, sequence, delivered).await {
                    tracing::warn!(%error, "Redis did not record that a peer is done with a message");
                }
            }
        }
    }

    fn settle_now(&self, room: &mut Room, peer: &str, entry: &Entry, delivered: bool) {
        let delivery = room.settle(peer, entry, delivered);
        self.publish(room);
        deliver(delivery);
    }

    /// A peer answered; `name` is what it called itself. Clients are told of a change.
    pub fn peer_is_there(&self, peer: &str, name: Option<&Token>) {
        self.change_peer(peer, |state| {
            state.reachable = true;
            if let Some(name) = name {
                state.service = name.to_string();
            }
        });
    }

    /// A peer did not answer as it should. Clients are told of a change.
    pub fn peer_is_away(&self, peer: &str, reason: &str) {
        if let Some(waiting) = self.change_peer(peer, |state| state.reachable = false) {
            tracing::warn!(peer, reason, waiting, "a peer is away");
        }
    }

    /// How many entries wait for the peer, if that changes it.
    fn change_peer(
        &self,
        peer: &str,
        change: impl FnOnce(&mut crate::wire::v1::PeerState),
    ) -> Option<usize> {
        let mut room = self.lock();
        let (now, deliveries) = room.change_peer(peer, change)?;
        tracing::info!(peer = now.service, now.reachable, now.waiting, "peer");
        let waiting = now.waiting;
        deliver(deliveries);
        Some(waiting)
    }

    /// Who is here.
    pub fn presence(&self) -> PresenceReport {
        self.lock().presence()
    }

    /// A peer reports who is there.
    pub fn replace_presence(&self, report: PresenceReport) {
        let mut room = self.lock();
        deliver(room.replace_presence(report));
    }

    /// Follows the sequence numbers of what is to be relayed.
    pub fn sequence(&self) -> watch::Receiver<u64> {
        self.0.sequence.subscribe()
    }

    /// Follows how many are in the room.
    pub fn members(&self) -> watch::Receiver<usize> {
        self.0.members.subscribe()
    }

    /// Waits until the service has stopped and everybody is gone.
    pub(crate) async fn drained(&self, lifecycle: &Lifecycle) {
        lifecycle.stopping().await;
        // Ends early only where the room is gone, and with it every member.
        let _ = self.members().wait_for(|members| *members == 0).await;
    }

    /// Whether what waits for the peers outlives the process.
    pub fn is_durable(&self) -> bool {
        !matches!(self.0.backend, Backend::Memory)
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        // Every method leaves the room whole, so a panic elsewhere cannot have broken it.
        self.0.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Queues frames for their clients. Under the room's lock, so that all see the same order.
fn deliver(deliveries: impl IntoIterator<Item = Delivery<Arc<ClientConnection>>>) -> u32 {
    let queued = |Delivery { to, frame }: Delivery<Arc<ClientConnection>>| to.enqueue(frame);
    deliveries.into_iter().map(queued).map(u32::from).sum()
}

/// What a request counts as.
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

#[cfg(test)]
mod tests;

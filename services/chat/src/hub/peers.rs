//! The other services: what they have taken, whether they are there, who is at them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Hub, Room};
use crate::domain::presence::Roster;
use crate::domain::{Entry, Event, Token};
use crate::metrics::{ChatMetrics, PeerLabel};
use crate::wire::relay::PresenceReport;
use crate::wire::v1::{PeerState, PresenceFrame, Refused, ServerFrame, reason_text};

/// A peer, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// As `PEER_URL` has it: the outbox knows it by this name.
    pub url: String,
    /// Host and port: for metrics, and for people until it has said its name.
    pub host: String,
}

/// Another service, as this one knows it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) url: String,
    pub(super) label: PeerLabel,
    pub(super) state: PeerState,
    /// Whether anything is known of it yet.
    seen: bool,
}

impl Peer {
    pub(super) fn new(name: PeerName) -> Self {
        Self {
            url: name.url,
            label: PeerLabel {
                peer: name.host.clone(),
            },
            state: PeerState {
                service: name.host,
                reachable: false,
                waiting: 0,
                was: None,
            },
            seen: false,
        }
    }
}

impl Hub {
    /// The first entry after this sequence number that a peer has not taken.
    pub fn next_pending(&self, peer: &str, after: u64) -> Option<Arc<Entry>> {
        let room = self.lock();
        let outbox = room.local.log().outbox();
        outbox.next(outbox.acknowledged(peer).max(after))
    }

    /// Whether this process is the one that relays to a peer, for the next seconds.
    pub async fn leads(&self, peer: &str) -> bool {
        match &self.0.shared {
            None => true,
            Some(shared) => shared.leads(peer).await.unwrap_or(false),
        }
    }

    /// How many entries wait for a peer.
    pub fn waiting(&self, peer: &str) -> usize {
        self.lock().local.log().outbox().waiting(peer)
    }

    /// A peer is done with an entry: it has taken it, or never will. Whoever sent it is told.
    pub async fn settle(&self, peer: &str, entry: &Entry, delivered: bool) {
        if !delivered {
            ChatMetrics::count(&self.0.metrics.refused, "undeliverable");
        }
        let (Some(shared), Some(sequence)) = (&self.0.shared, entry.sequence()) else {
            let mut room = self.lock();
            return room.settle(peer, entry, delivered, &self.0.metrics);
        };
        // It comes back as what all replicas follow. Where it does not, the next one says as much,
        // or the entry is relayed again and taken once.
        if let Err(error) = shared.settle(peer, sequence, delivered).await {
            tracing::warn!(%error, "Redis does not take that a peer has taken a message");
        }
    }

    /// A peer answered; `name` is what it called itself. Clients hear of a change.
    pub fn peer_is_there(&self, peer: &str, name: Option<&Token>) {
        self.change_peer(peer, |state| {
            state.reachable = true;
            if let Some(name) = name {
                state.service = name.to_string();
            }
        });
    }

    /// A peer did not answer as it should. Clients hear of a change.
    pub fn peer_is_away(&self, peer: &str, reason: &str) {
        if self.change_peer(peer, |state| state.reachable = false) {
            tracing::warn!(peer, reason, "what is sent to a peer waits");
        }
    }

    fn change_peer(&self, peer: &str, change: impl FnOnce(&mut PeerState)) -> bool {
        let mut room = self.lock();
        let Some(known) = room.peers.iter_mut().find(|known| known.url == peer) else {
            return false;
        };
        let (before, first) = (known.state.clone(), !known.seen);
        change(&mut known.state);
        known.seen = true;
        let mut now = known.state.clone();
        if now == before && !first {
            return false;
        }
        now.was = (now.service != before.service).then_some(before.service);
        tracing::info!(peer = now.service, now.reachable, now.waiting, "peer");
        room.tell_all(&ServerFrame::Peer(&now));
        true
    }

    /// Who is here.
    pub fn presence(&self) -> PresenceReport {
        let room = self.lock();
        let outbox = room.local.log().outbox();
        let waiting = room.peers.iter().map(|peer| outbox.waiting(&peer.url));
        PresenceReport {
            service: self.0.service.clone(),
            epoch: self.0.epoch.clone(),
            sequence: outbox.last(),
            waiting: waiting.max().unwrap_or_default(),
            clients: room.presence.roster(&self.0.service).counts().collect(),
        }
    }

    /// A peer said who is there.
    pub fn presence_of(&self, said: PresenceReport) {
        let mut room = self.lock();
        let taken = room.local.log().watermark(&said.service, &said.epoch);
        if said.service == self.0.service || !said.is_settled(taken) {
            return;
        }
        let here: Roster = said.clients.into_iter().collect();
        if room.presence.replace(said.service, here) {
            let presence = room.presence.clone();
            let presence = PresenceFrame::all(&presence);
            room.tell_all(&ServerFrame::Presence { presence });
        }
    }
}

impl Room {
    /// By service, the cursor up to which it has taken everything.
    pub(super) fn delivered(&self) -> Map<String, Value> {
        let log = self.local.log();
        let through = |peer: &Peer| {
            let first = log.outbox().next(log.outbox().acknowledged(&peer.url));
            first.map_or(log.history().last(), |entry| entry.cursor - 1)
        };
        let all = self.peers.iter();
        all.map(|peer| (peer.state.service.clone(), through(peer).into()))
            .collect()
    }

    /// A peer is done with an entry: whoever sent it is told.
    pub(super) fn settle(
        &mut self,
        peer: &str,
        entry: &Entry,
        delivered: bool,
        metrics: &ChatMetrics,
    ) {
        if let Some(sequence) = entry.sequence() {
            self.local.acknowledge(peer, sequence);
        }
        self.count_waiting(metrics);
        let known = self.peers.iter().find(|known| known.url == peer);
        let told = (known, entry.session(), &entry.event);
        let (Some(known), Some(session), Event::Message { .. }) = told else {
            return;
        };
        let service = known.state.service.clone();
        let frame = if delivered {
            ServerFrame::Delivered {
                id: &entry.id,
                service: &service,
                through: entry.cursor,
            }
        } else {
            ServerFrame::Refused(Refused {
                id: Some(entry.id.as_str()),
                reason: "undeliverable",
                text: reason_text("undeliverable"),
                retry_after: None,
                service: Some(&service),
                trace: entry.trace.trace_id(),
            })
        };
        self.tell(session, &frame);
    }
}

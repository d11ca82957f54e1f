//! The other services: what they have acknowledged, whether they are reachable, who is at them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Delivery, Room};
use crate::domain::presence::Roster;
use crate::domain::{Entry, Event};
use crate::metrics::PeerLabel;
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
    url: String,
    label: PeerLabel,
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

impl<H: Clone> Room<H> {
    /// The first entry after this sequence number that a peer has not acknowledged.
    pub(in super::super) fn next_pending(&self, peer: &str, after: u64) -> Option<Arc<Entry>> {
        let outbox = self.log.outbox();
        outbox.next(outbox.acknowledged(peer).max(after))
    }

    /// Notes what is known of a peer. Clients are told of a change.
    pub(in super::super) fn change_peer(
        &mut self,
        peer: &str,
        change: impl FnOnce(&mut PeerState),
    ) -> Option<(PeerState, Vec<Delivery<H>>)> {
        let known = self.peers.iter_mut().find(|known| known.url == peer)?;
        let (before, first) = (known.state.clone(), !known.seen);
        change(&mut known.state);
        known.seen = true;
        let mut now = known.state.clone();
        if now == before && !first {
            return None;
        }
        now.was = (now.service != before.service).then_some(before.service);
        let deliveries = self.to_all(&ServerFrame::Peer(&now));
        Some((now, deliveries))
    }

    /// Who is here.
    pub(in super::super) fn presence(&self) -> PresenceReport {
        let outbox = self.log.outbox();
        let waiting = self.peers.iter().map(|peer| outbox.waiting(&peer.url));
        PresenceReport {
            service: self.log.service().clone(),
            epoch: self.log.epoch().clone(),
            sequence: outbox.last(),
            waiting: waiting.max().unwrap_or_default(),
            clients: self.presence.roster(self.log.service()).counts().collect(),
        }
    }

    /// A peer reports who is there. Clients are told of a change.
    pub(in super::super) fn replace_presence(
        &mut self,
        report: PresenceReport,
    ) -> Vec<Delivery<H>> {
        let taken = self.log.watermark(&report.service, &report.epoch);
        if report.service == *self.log.service() || !report.is_settled(taken) {
            return Vec::new();
        }
        let roster: Roster = report.clients.into_iter().collect();
        if !self.presence.replace(report.service, roster) {
            return Vec::new();
        }
        let presence = PresenceFrame::all(&self.presence);
        self.to_all(&ServerFrame::Presence { presence })
    }

    /// By service, the cursor up to which it has taken everything.
    pub(super) fn delivered(&self) -> Map<String, Value> {
        let through = |peer: &Peer| {
            let first = self.next_pending(&peer.url, 0);
            first.map_or(self.log.history().last(), |entry| entry.cursor - 1)
        };
        let all = self.peers.iter();
        all.map(|peer| (peer.state.service.clone(), through(peer).into()))
            .collect()
    }

    /// A peer is done with an entry: its sender is told.
    pub(in super::super) fn settle(
        &mut self,
        peer: &str,
        entry: &Entry,
        delivered: bool,
    ) -> Option<Delivery<H>> {
        if let Some(sequence) = entry.sequence() {
            self.log.acknowledge(peer, sequence);
        }
        let known = self.peers.iter().find(|known| known.url == peer)?;
        let (session, Event::Message { .. }) = (entry.session()?, &entry.event) else {
            return None;
        };
        let service = &known.state.service;
        let frame = if delivered {
            ServerFrame::Delivered {
                id: &entry.id,
                service,
                through: entry.cursor,
            }
        } else {
            ServerFrame::Refused(Refused {
                id: Some(entry.id.as_str()),
                reason: "undeliverable",
                text: reason_text("undeliverable"),
                retry_after: None,
                service: Some(service),
                trace: entry.trace.trace_id(),
            })
        };
        self.to_session(session, &frame)
    }

    /// What a peer has not acknowledged, up to this sequence number.
    pub(in super::super) fn unsettled(&self, peer: &str, through: u64) -> Vec<Arc<Entry>> {
        let outbox = self.log.outbox();
        let mut entries = Vec::new();
        let mut after = outbox.acknowledged(peer);
        while let Some(entry) = outbox.next(after) {
            match entry.sequence() {
                Some(sequence) if sequence <= through => after = sequence,
                _ => break,
            }
            entries.push(entry);
        }
        entries
    }

    /// Counts what waits for each peer.
    pub(in super::super) fn count_waiting(&mut self) -> impl Iterator<Item = (&PeerLabel, usize)> {
        let outbox = self.log.outbox();
        self.peers.iter_mut().map(|peer| {
            peer.state.waiting = outbox.waiting(&peer.url);
            (&peer.label, peer.state.waiting)
        })
    }
}

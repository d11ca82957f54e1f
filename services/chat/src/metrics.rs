//! What the service counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use runtime::metrics::Metrics;

/// The counters of one service. Every clone counts into the same ones.
#[derive(Clone, Debug, Default)]
pub struct ChatMetrics {
    /// Clients connected.
    pub clients: Family<ProtocolLabel, Gauge>,
    /// Entries taken into the log.
    pub taken: Family<EntryLabels, Counter>,
    /// Entries offered again.
    pub duplicates: Family<OriginLabel, Counter>,
    /// Frames and messages not taken.
    pub refused: Family<ReasonLabel, Counter>,
    /// Frames handed to clients' queues.
    pub deliveries: Counter,
    /// Connections ended by this side.
    pub closed: Family<ReasonLabel, Counter>,
    /// Clients that came back.
    pub resumed: Family<RecoveredLabel, Counter>,
    /// Entries that wait for a peer.
    pub waiting: Family<PeerLabel, Gauge>,
    /// Tries to relay.
    pub relayed: Family<RelayLabels, Counter>,
    /// Relayed requests that were not believed.
    pub unauthenticated: Family<ReasonLabel, Counter>,
    /// Entries that no peer will get: it refused them for good, or memory was lost with the process.
    pub lost: Family<PeerLabel, Counter>,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ProtocolLabel {
    /// `plain` or `v1`.
    pub protocol: &'static str,
}

/// Kind and origin of an entry.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct EntryLabels {
    /// `own`, `peer` or `original`.
    pub from: &'static str,
    /// `message`, `joined`, `left` or `notice`.
    pub kind: &'static str,
}

/// Origin of an entry.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OriginLabel {
    /// `own` or `peer`.
    pub from: &'static str,
}

/// Why.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ReasonLabel {
    /// One of few.
    pub reason: &'static str,
}

/// Whether nothing was missed.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RecoveredLabel {
    /// `true` or `false`.
    pub recovered: &'static str,
}

/// A peer, as `PEER_URL` has it.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct PeerLabel {
    /// Host and port.
    pub peer: String,
}

/// A try to relay.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RelayLabels {
    /// Host and port.
    pub peer: String,
    /// `taken`, `refused` or `failed`.
    pub outcome: &'static str,
}

impl ChatMetrics {
    /// Zeros, shown at `/metrics`.
    pub fn new(metrics: &Metrics) -> Self {
        let new = Self::default();
        let show = |name: &str, help: &str, metric: &Family<ReasonLabel, Counter>| {
            metrics.register(name, help, metric.clone());
        };
        metrics.register("chat_clients", "Clients connected", new.clients.clone());
        metrics.register(
            "chat_entries_taken",
            "Entries in the log",
            new.taken.clone(),
        );
        let help = "Entries that were offered again and taken once";
        metrics.register("chat_duplicates", help, new.duplicates.clone());
        show(
            "chat_refused",
            "Event was not taken, by reason",
            &new.refused,
        );
        let help = "Frames handed to clients' queues";
        metrics.register("chat_deliveries", help, new.deliveries.clone());
        let help = "WebSockets ended by this side, by reason";
        show("chat_websockets_closed", help, &new.closed);
        let help = "Clients that came back, by whether nothing was missed";
        metrics.register("chat_resumed", help, new.resumed.clone());
        let help = "Entries that wait for a peer";
        metrics.register("chat_outbox_waiting", help, new.waiting.clone());
        let help = "Tries to relay an entry, by peer and outcome";
        metrics.register("chat_relayed", help, new.relayed.clone());
        let help = "Relayed requests that were not believed, by reason";
        show("chat_relay_unbelieved", help, &new.unauthenticated);
        let help = "Entries that a peer will never get";
        metrics.register("chat_outbox_lost", help, new.lost.clone());
        new
    }

    /// Counts one of these reasons.
    pub fn count(of: &Family<ReasonLabel, Counter>, reason: &'static str) {
        of.get_or_create(&ReasonLabel { reason }).inc();
    }
}

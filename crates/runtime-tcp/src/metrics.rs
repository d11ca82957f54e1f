//! How long requests over TCP take, on either side.

use prometheus_client::encoding::EncodeLabelSet;

use runtime::metrics::{Durations, Metrics};

/// What a TCP server counts, beside its connections.
#[derive(Clone, Debug)]
pub(super) struct TcpServerMetrics {
    pub(super) requests: Durations<TcpServerLabels>,
}

/// Labels of `tcp.server.request.duration`. The outcome is `ok`, or why not.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct TcpServerLabels {
    pub(super) protocol: &'static str,
    pub(super) outcome: &'static str,
}

impl TcpServerMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let requests = Durations::default();
        let help = "Time from a request's first byte to the end of its answer";
        requests.register(metrics, "tcp_server_request_duration", help);
        Self { requests }
    }
}

/// What a TCP client counts.
#[derive(Clone, Debug)]
pub(super) struct TcpClientMetrics {
    pub(super) requests: Durations<TcpClientLabels>,
}

/// Labels of `tcp.client.request.duration`. The outcome is `ok`, or why not.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct TcpClientLabels {
    pub(super) protocol: &'static str,
    pub(super) server_address: String,
    pub(super) server_port: u16,
    pub(super) outcome: &'static str,
}

impl TcpClientMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let requests = Durations::default();
        let help = "Time from opening a connection to the end of its answer";
        requests.register(metrics, "tcp_client_request_duration", help);
        Self { requests }
    }
}

//! What gRPC calls cost, and what became of them.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use runtime::metrics::{Durations, Metrics};

/// What a gRPC client counts.
#[derive(Clone, Debug)]
pub(super) struct GrpcClientMetrics {
    pub(super) calls: Durations<CallLabels>,
    pub(super) retries: Family<RetryLabels, Counter>,
    pub(super) connected: Gauge,
}

/// Labels of `rpc.client.call.duration`. The error's type is empty where there is none.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct CallLabels {
    pub(super) rpc_system_name: &'static str,
    pub(super) rpc_method: Arc<str>,
    pub(super) rpc_status_code: &'static str,
    pub(super) error_type: &'static str,
    pub(super) server_address: Arc<str>,
    pub(super) server_port: u16,
}

/// Labels of `rpc.client.retries`. The outcome is `ok`, `failed`, or `no_budget`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RetryLabels {
    pub(super) rpc_method: Arc<str>,
    pub(super) outcome: &'static str,
}

impl GrpcClientMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let all = Self {
            calls: Durations::default(),
            retries: Family::default(),
            connected: Gauge::default(),
        };
        let help = "Time from a call to the end of its answer, retries included";
        all.calls
            .register(metrics, "rpc_client_call_duration", help);
        let help = "Calls that failed and could be sent again, by what became of that";
        metrics.register("rpc_client_retries", help, all.retries.clone());
        let help = "Servers that are connected";
        metrics.register("rpc_client_servers", help, all.connected.clone());
        all
    }
}

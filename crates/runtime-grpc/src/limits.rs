//! The limits of a gRPC server, each a setting.

use std::time::Duration;

use bytesize::ByteSize;

use runtime::net::ConnectionLimits;
use runtime::settings::{DAY, MILLISECOND, parse, within};
use runtime::trace::Trust;

/// What one gRPC server bears, in time, size and number, and whose traces it records.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct GrpcLimits {
    /// Connections open at once; more are told so and closed
    #[arg(default_value = "2000", value_parser = within(1_usize..=1_000_000))]
    pub max_connections: usize,
    /// Connections open at once from one address; a proxy in front counts as one
    #[arg(default_value = "500", value_parser = within(1_usize..=1_000_000))]
    pub max_connections_per_address: usize,
    /// From the connection to the end of its HTTP/2 preface, or up to a tenth longer
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=DAY))]
    pub handshake_timeout: Duration,
    /// Calls open at once on one connection
    #[arg(default_value = "256", value_parser = within(1_u32..=65_536))]
    pub max_concurrent_streams: u32,
    /// Calls open at once on all of them, the last quarter for addresses that have few; more get
    /// `RESOURCE_EXHAUSTED`
    #[arg(default_value = "2000", value_parser = within(1_usize..=1_000_000))]
    pub max_concurrent_calls: usize,
    /// Longest time to an answer's beginning, also where the caller would wait longer
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=DAY))]
    pub request_timeout: Duration,
    /// Without the client taking a message of an answer whole, or up to a tenth longer; then the call
    /// ends, or, where that was the last one, its connection
    #[arg(default_value = "30s", value_parser = within(MILLISECOND..=DAY))]
    pub write_timeout: Duration,
    /// Largest message of a request
    #[arg(id = "max_message_bytes", default_value = "64KiB", value_parser = within(ByteSize::b(1)..=ByteSize::mib(64)))]
    pub max_message: ByteSize,
    /// Largest head of a request
    #[arg(id = "max_header_bytes", default_value = "16KiB", value_parser = within(ByteSize::kib(4)..=ByteSize::mib(1)))]
    pub max_header: ByteSize,
    /// How often a silent connection is asked whether it still lives
    #[arg(default_value = "20s", value_parser = within(MILLISECOND..=DAY))]
    pub keepalive_interval: Duration,
    /// How long it may take to say so
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=DAY))]
    pub keepalive_timeout: Duration,
    /// Then a connection is asked to close (GOAWAY), so that new replicas get their share
    #[arg(default_value = "5m", value_parser = within(MILLISECOND..=DAY))]
    pub max_connection_age: Duration,
    /// How long its calls may go on after that; streams end by UNAVAILABLE then
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=DAY))]
    pub max_connection_age_grace: Duration,
    /// Whether the reflection service tells the interfaces, for grpcurl and its like
    #[arg(default_value = "true", value_parser = parse::<bool>)]
    pub reflection: bool,
    /// Networks whose peers decide whether the traces they bring along are recorded (commas between),
    /// or none
    #[arg(id = "trace_trust", default_value = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7", value_parser = parse::<Trust>)]
    pub trust: Trust,
}

impl GrpcLimits {
    /// `max_message`, as tonic has sizes: of what a message in gzip becomes, too.
    pub fn max_message_size(&self) -> usize {
        usize::try_from(self.max_message.as_u64()).unwrap_or(usize::MAX)
    }

    pub(super) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.max_connections,
            per_address: self.max_connections_per_address,
        }
    }
}

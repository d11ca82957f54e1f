//! The limits of a TCP server, each a setting.

use std::time::Duration;

use runtime::net::ConnectionLimits;
use runtime::settings::{HOUR, MILLISECOND, parse, within};
use runtime::trace::Trust;

/// What one TCP server bears, in time and number, and whose traces it records.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct TcpLimits {
    /// Connections open at once; more are told so and closed
    #[arg(default_value = "20000", value_parser = within(1_usize..=1_000_000))]
    pub max_connections: usize,
    /// Connections open at once from one address; a proxy or a node in front counts as one
    #[arg(default_value = "15000", value_parser = within(1_usize..=1_000_000))]
    pub max_connections_per_address: usize,
    /// From the connection to the first byte of a request, or up to a tenth longer
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=HOUR))]
    pub first_byte_timeout: Duration,
    /// After this long without a further byte a request counts as whole
    #[arg(default_value = "100ms", value_parser = within(MILLISECOND..=HOUR))]
    pub pause: Duration,
    /// The same while it comes key by key, as a person types it
    #[arg(default_value = "1s", value_parser = within(MILLISECOND..=HOUR))]
    pub typing_pause: Duration,
    /// The same where a pause cannot be the end: inside a character or a PROXY header
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub idle_timeout: Duration,
    /// From the first byte of a request to its end
    #[arg(default_value = "30s", value_parser = within(MILLISECOND..=HOUR))]
    pub request_timeout: Duration,
    /// For a client to take its answer
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=HOUR))]
    pub write_timeout: Duration,
    /// How long a client that was refused in mid-sentence may go on sending, so that it reads why
    #[arg(default_value = "2s", value_parser = within(MILLISECOND..=HOUR))]
    pub linger_timeout: Duration,
    /// Networks whose peers decide whether the traces they bring along are recorded (commas between),
    /// or none
    #[arg(id = "trace_trust", default_value = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7", value_parser = parse::<Trust>)]
    pub trust: Trust,
}

impl TcpLimits {
    pub(super) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.max_connections,
            per_address: self.max_connections_per_address,
        }
    }
}

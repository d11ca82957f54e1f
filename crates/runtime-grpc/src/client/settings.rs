//! What a gRPC client can be told.

use std::time::Duration;

use bytesize::ByteSize;

use runtime::net::ServerAddress;
use runtime::settings::{HOUR, parse, within};

/// The settings of a gRPC client.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct GrpcClientSettings {
    /// The server: a name whose every address is one of it, and the port of them all
    #[arg(id = "server_address", value_parser = parse::<ServerAddress>, help_heading = "Settings")]
    pub server: ServerAddress,
    /// Time between two look-ups of the server's name; one that fails is looked up again at once
    #[arg(default_value = "5s", value_parser = within(SHORTEST..=HOUR))]
    pub resolve_interval: Duration,
    /// How long a connection to one server may take to open
    #[arg(default_value = "1s", value_parser = within(SHORTEST..=HOUR))]
    pub connect_timeout: Duration,
    /// How often each server is asked whether it serves, and a silent connection whether it lives
    #[arg(default_value = "2s", value_parser = within(SHORTEST..=HOUR))]
    pub health_interval: Duration,
    /// How long such a question may go unanswered before the connection counts as dead
    #[arg(default_value = "2s", value_parser = within(SHORTEST..=HOUR))]
    pub health_timeout: Duration,
    /// Calls that may be sent a second time after a server failed, in percent of all calls
    #[arg(default_value = "20", value_parser = within(0_u32..=100))]
    pub retry_percent: u32,
    /// Largest answer of a server
    #[arg(id = "max_answer_bytes", default_value = "4MiB", value_parser = within(ByteSize::kib(1)..=ByteSize::mib(64)))]
    pub max_answer: ByteSize,
}

const SHORTEST: Duration = Duration::from_millis(10);

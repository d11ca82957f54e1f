//! The limits of an HTTP server, each a setting.

use std::time::Duration;

use bytesize::ByteSize;

use crate::net::ConnectionLimits;
use crate::settings::{DAY, HOUR, MILLISECOND, within};

/// What one HTTP server bears, in time, size and number.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct HttpLimits {
    /// Connections open at once; more get 503
    #[arg(default_value = "10000", value_parser = within(1_usize..=1_000_000))]
    pub max_connections: usize,
    /// Connections open at once from one address; a proxy in front counts as one
    #[arg(default_value = "2000", value_parser = within(1_usize..=1_000_000))]
    pub max_connections_per_address: usize,
    /// From the connection to its first byte
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=DAY))]
    pub first_byte_timeout: Duration,
    /// From the first byte of a request to the end of its head
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=DAY))]
    pub header_timeout: Duration,
    /// From the head of a request to the end of its body
    #[arg(default_value = "10s", value_parser = within(MILLISECOND..=DAY))]
    pub body_timeout: Duration,
    /// Between two requests of one connection
    #[arg(default_value = "60s", value_parser = within(MILLISECOND..=DAY))]
    pub idle_timeout: Duration,
    /// Without the client taking a byte of an answer
    #[arg(default_value = "30s", value_parser = within(MILLISECOND..=DAY))]
    pub write_timeout: Duration,
    /// How long a client that was refused may go on sending its body, so that it reads why
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub linger_timeout: Duration,
    /// How much of that body is read, and thrown away
    #[arg(default_value = "64MiB", value_parser = within(ByteSize::b(0)..=ByteSize::gib(16)))]
    pub linger_bytes: ByteSize,
    /// Then the next answer closes the connection, so that new replicas get their share
    #[arg(default_value = "5m", value_parser = within(MILLISECOND..=DAY))]
    pub max_connection_age: Duration,
    /// Largest head of a request
    #[arg(default_value = "32KiB", value_parser = within(ByteSize::kib(8)..=ByteSize::mib(1)))]
    pub max_header_bytes: ByteSize,
    /// Largest body of a request
    #[arg(default_value = "64KiB", value_parser = within(ByteSize::b(0)..=ByteSize::gib(1)))]
    pub max_body_bytes: ByteSize,
}

impl HttpLimits {
    pub(super) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.max_connections,
            per_address: self.max_connections_per_address,
        }
    }

    /// What the admin port bears: probes and scrapes, nothing else.
    pub fn of_admin() -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_connections: 100,
            max_connections_per_address: 100,
            first_byte_timeout: seconds(10),
            header_timeout: seconds(5),
            body_timeout: seconds(5),
            idle_timeout: seconds(60),
            write_timeout: seconds(10),
            linger_timeout: seconds(1),
            linger_bytes: ByteSize::mib(1),
            max_connection_age: seconds(300),
            max_header_bytes: ByteSize::kib(16),
            max_body_bytes: ByteSize::kib(1),
        }
    }
}

//! The limits of a TCP server, each a setting.

use std::time::Duration;

use runtime::net::ConnectionLimits;
use runtime::settings::{Settings, SettingsError, Source};
use runtime::trace::Trust;

/// The TOML that declares the settings of a TCP server, for the
/// [`Defaults`](runtime::settings::Defaults) of every service that has one.
pub const DEFAULTS: &str = include_str!("server.toml");

/// What one TCP server bears, in time and number, and whose traces it records.
#[derive(Clone, Debug)]
pub struct TcpLimits {
    /// `MAX_CONNECTIONS`: open at once.
    pub max_connections: usize,
    /// `MAX_CONNECTIONS_PER_ADDRESS`: open at once from one address.
    pub max_connections_per_address: usize,
    /// `FIRST_BYTE_TIMEOUT`: from the connection to the first byte of a request.
    pub first_byte_timeout: Duration,
    /// `PAUSE`: without a further byte, that ends a request.
    pub pause: Duration,
    /// `IDLE_TIMEOUT`: the same where a pause cannot be the end.
    pub idle_timeout: Duration,
    /// `REQUEST_TIMEOUT`: from the first byte of a request to its end.
    pub request_timeout: Duration,
    /// `WRITE_TIMEOUT`: for a client to take its answer.
    pub write_timeout: Duration,
    /// `LINGER_TIMEOUT`: for a refused client to come to an end with what it sends.
    pub linger_timeout: Duration,
    /// `TRACE_TRUST`: who decides whether its trace is recorded.
    pub trust: Trust,
}

impl Settings for TcpLimits {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let hour = Duration::from_hours(1);
        let time = |name| source.get_within(name, Duration::from_millis(1)..=hour);
        Ok(Self {
            max_connections: source.get_within("MAX_CONNECTIONS", 1..=1_000_000)?,
            max_connections_per_address: source
                .get_within("MAX_CONNECTIONS_PER_ADDRESS", 1..=1_000_000)?,
            first_byte_timeout: time("FIRST_BYTE_TIMEOUT")?,
            pause: time("PAUSE")?,
            idle_timeout: time("IDLE_TIMEOUT")?,
            request_timeout: time("REQUEST_TIMEOUT")?,
            write_timeout: time("WRITE_TIMEOUT")?,
            linger_timeout: time("LINGER_TIMEOUT")?,
            trust: source.get("TRACE_TRUST")?,
        })
    }
}

impl TcpLimits {
    pub(super) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.max_connections,
            per_address: self.max_connections_per_address,
        }
    }
}

//! The limits of a gRPC server, each a setting.

use std::time::Duration;

use bytesize::ByteSize;

use runtime::net::ConnectionLimits;
use runtime::settings::{Settings, SettingsError, Source};
use runtime::trace::Trust;

/// The TOML that declares the settings of a gRPC server, for the
/// [`Defaults`](runtime::settings::Defaults) of every service that has one.
pub const DEFAULTS: &str = include_str!("server.toml");

/// What one gRPC server bears, in time, size and number, and whose traces it records.
#[derive(Clone, Debug)]
pub struct GrpcLimits {
    /// `MAX_CONNECTIONS`: open at once.
    pub max_connections: usize,
    /// `MAX_CONNECTIONS_PER_ADDRESS`: open at once from one address.
    pub max_connections_per_address: usize,
    /// `HANDSHAKE_TIMEOUT`: from the connection to the end of its preface.
    pub handshake_timeout: Duration,
    /// `MAX_CONCURRENT_STREAMS`: calls open at once on one connection.
    pub max_concurrent_streams: u32,
    /// `MAX_CONCURRENT_CALLS`: calls open at once on all of them.
    pub max_concurrent_calls: usize,
    /// `REQUEST_TIMEOUT`: to the beginning of an answer.
    pub request_timeout: Duration,
    /// `MAX_MESSAGE_BYTES`: of a request.
    pub max_message: ByteSize,
    /// `MAX_HEADER_BYTES`: of a request.
    pub max_header: ByteSize,
    /// `KEEPALIVE_INTERVAL`: between two pings on a silent connection.
    pub keepalive_interval: Duration,
    /// `KEEPALIVE_TIMEOUT`: for the answer to one.
    pub keepalive_timeout: Duration,
    /// `MAX_CONNECTION_AGE`: then GOAWAY.
    pub max_connection_age: Duration,
    /// `MAX_CONNECTION_AGE_GRACE`: for the calls that are open then.
    pub max_connection_age_grace: Duration,
    /// `REFLECTION`: whether the interfaces are told.
    pub reflection: bool,
    /// `TRACE_TRUST`: who decides whether its trace is recorded.
    pub trust: Trust,
}

impl Settings for GrpcLimits {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let time =
            |name| source.get_within(name, Duration::from_millis(1)..=Duration::from_hours(24));
        Ok(Self {
            max_connections: source.get_within("MAX_CONNECTIONS", 1..=1_000_000)?,
            max_connections_per_address: source
                .get_within("MAX_CONNECTIONS_PER_ADDRESS", 1..=1_000_000)?,
            handshake_timeout: time("HANDSHAKE_TIMEOUT")?,
            max_concurrent_streams: source.get_within("MAX_CONCURRENT_STREAMS", 1..=65_536)?,
            max_concurrent_calls: source.get_within("MAX_CONCURRENT_CALLS", 1..=1_000_000)?,
            request_timeout: time("REQUEST_TIMEOUT")?,
            max_message: source
                .get_within("MAX_MESSAGE_BYTES", ByteSize::b(1)..=ByteSize::mib(64))?,
            max_header: source
                .get_within("MAX_HEADER_BYTES", ByteSize::kib(4)..=ByteSize::mib(1))?,
            keepalive_interval: time("KEEPALIVE_INTERVAL")?,
            keepalive_timeout: time("KEEPALIVE_TIMEOUT")?,
            max_connection_age: time("MAX_CONNECTION_AGE")?,
            max_connection_age_grace: time("MAX_CONNECTION_AGE_GRACE")?,
            reflection: source.get("REFLECTION")?,
            trust: source.get("TRACE_TRUST")?,
        })
    }
}

impl GrpcLimits {
    pub(super) fn connection_limits(&self) -> ConnectionLimits {
        ConnectionLimits {
            total: self.max_connections,
            per_address: self.max_connections_per_address,
        }
    }
}

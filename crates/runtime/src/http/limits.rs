//! The limits of an HTTP server, each a setting.

use std::time::Duration;

use bytesize::ByteSize;

use crate::net::ConnectionLimits;
use crate::settings::{Settings, SettingsError, Source};

/// What one HTTP server bears, in time, size and number.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// `MAX_CONNECTIONS`: open at once.
    pub max_connections: usize,
    /// `MAX_CONNECTIONS_PER_ADDRESS`: open at once from one address.
    pub max_connections_per_address: usize,
    /// `FIRST_BYTE_TIMEOUT`: from the connection to its first byte.
    pub first_byte_timeout: Duration,
    /// `HEADER_TIMEOUT`: from the first byte of a request to the end of its head.
    pub header_timeout: Duration,
    /// `BODY_TIMEOUT`: from the head of a request to the end of its body.
    pub body_timeout: Duration,
    /// `IDLE_TIMEOUT`: between two requests of one connection.
    pub idle_timeout: Duration,
    /// `WRITE_TIMEOUT`: without the client taking a byte of an answer.
    pub write_timeout: Duration,
    /// `MAX_CONNECTION_AGE`: then the next answer closes it, so that new replicas get their share.
    pub max_connection_age: Duration,
    /// `MAX_HEADER_BYTES`: of a request's head.
    pub max_header: ByteSize,
    /// `MAX_BODY_BYTES`: of a request's body.
    pub max_body: ByteSize,
}

/// The TOML that declares the settings of an HTTP server, for the
/// [`Defaults`](crate::settings::Defaults) of every service that has one.
pub const DEFAULTS: &str = include_str!("defaults.toml");

impl Settings for HttpLimits {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let millisecond = Duration::from_millis(1);
        let day = Duration::from_hours(24);
        let time = |name| source.get_within(name, millisecond..=day);
        Ok(Self {
            max_connections: source.get_within("MAX_CONNECTIONS", 1..=1_000_000)?,
            max_connections_per_address: source
                .get_within("MAX_CONNECTIONS_PER_ADDRESS", 1..=1_000_000)?,
            first_byte_timeout: time("FIRST_BYTE_TIMEOUT")?,
            header_timeout: time("HEADER_TIMEOUT")?,
            body_timeout: time("BODY_TIMEOUT")?,
            idle_timeout: time("IDLE_TIMEOUT")?,
            write_timeout: time("WRITE_TIMEOUT")?,
            max_connection_age: time("MAX_CONNECTION_AGE")?,
            max_header: source
                .get_within("MAX_HEADER_BYTES", ByteSize::kib(8)..=ByteSize::mib(1))?,
            max_body: source.get_within("MAX_BODY_BYTES", ByteSize::b(0)..=ByteSize::gib(1))?,
        })
    }
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
            max_connection_age: seconds(300),
            max_header: ByteSize::kib(16),
            max_body: ByteSize::kib(1),
        }
    }
}

//! What a gRPC client can be told.

use std::time::Duration;

use bytesize::ByteSize;

use runtime::net::ServerAddress;
use runtime::settings::{Settings, SettingsError, Source};

/// The settings of a gRPC client.
#[derive(Clone, Debug)]
pub struct GrpcClientSettings {
    /// `SERVER_ADDRESS`: the name whose every address is one server, and the port of them all.
    pub server: ServerAddress,
    /// `RESOLVE_INTERVAL`: between two look-ups of the name.
    pub resolve_interval: Duration,
    /// `CONNECT_TIMEOUT`: for a connection to one server.
    pub connect_timeout: Duration,
    /// `HEALTH_INTERVAL`: between two questions to one server whether it serves.
    pub health_interval: Duration,
    /// `HEALTH_TIMEOUT`: for the answer.
    pub health_timeout: Duration,
    /// `RETRY_PERCENT`: calls that may be sent again, of a hundred.
    pub retry_percent: u32,
    /// `MAX_ANSWER_BYTES`: of one answer.
    pub max_answer: ByteSize,
}

/// The TOML that declares these settings, but for `server_address`, whose default is the
/// service's own.
pub const DEFAULTS: &str = include_str!("defaults.toml");

impl Settings for GrpcClientSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let time = |name| source.get_within(name, SHORTEST..=Duration::from_hours(1));
        Ok(Self {
            server: source.get("SERVER_ADDRESS")?,
            resolve_interval: time("RESOLVE_INTERVAL")?,
            connect_timeout: time("CONNECT_TIMEOUT")?,
            health_interval: time("HEALTH_INTERVAL")?,
            health_timeout: time("HEALTH_TIMEOUT")?,
            retry_percent: source.get_within("RETRY_PERCENT", 0..=100)?,
            max_answer: source
                .get_within("MAX_ANSWER_BYTES", ByteSize::kib(1)..=ByteSize::mib(64))?,
        })
    }
}

const SHORTEST: Duration = Duration::from_millis(10);

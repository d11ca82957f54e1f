//! What the gateway can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::http::HttpLimits;
use runtime::settings::{SettingsError, Source};
use runtime_grpc::client::GrpcClientSettings;

/// The gateway's settings.
#[derive(Clone, Debug)]
pub struct ClienteSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// The server of users, and how it is called.
    pub server: GrpcClientSettings,
    /// `REQUEST_DEADLINE`: for one request as a whole, down to the store.
    pub request_deadline: Duration,
    /// `HEARTBEAT_INTERVAL`: between two signs of lifecycle on a stream of changes.
    pub heartbeat_interval: Duration,
    /// `MAX_STREAMS`: streams of changes open at once.
    pub max_streams: usize,
    /// `MAX_REQUESTS`: under way at once.
    pub max_requests: usize,
    /// `MAX_REQUESTS_PER_SECOND`: of one address; 0 for any number.
    pub max_requests_per_second: u32,
    /// `MAX_REQUESTS_BURST`: of one address, at once.
    pub max_requests_burst: u32,
    /// Its limits.
    pub limits: HttpLimits,
}

impl Settings for ClienteSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let time =
            |name| source.get_within(name, Duration::from_millis(10)..=Duration::from_mins(10));
        Ok(Self {
            listen: source.get("LISTEN")?,
            server: GrpcClientSettings::read(source)?,
            request_deadline: time("REQUEST_DEADLINE")?,
            heartbeat_interval: time("HEARTBEAT_INTERVAL")?,
            max_streams: source.get_within("MAX_STREAMS", 1..=1_000_000)?,
            max_requests: source.get_within("MAX_REQUESTS", 1..=1_000_000)?,
            max_requests_per_second: source.get("MAX_REQUESTS_PER_SECOND")?,
            max_requests_burst: source.get_within("MAX_REQUESTS_BURST", 1..=1_000_000)?,
            limits: HttpLimits::read(source)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use testing::settings;

    #[test]
    fn the_defaults_can_be_read() {
        let settings = settings::<crate::Cliente>(&[]);
        assert_eq!(settings.listen.port(), 8000);
        assert_eq!(settings.server.server.to_string(), "servidor:50051");
        assert!(settings.server.connect_timeout < settings.request_deadline);
    }
}

//! What the gateway can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::http::{HttpLimits, ProxySettings};
use runtime::settings::{SettingsError, Source, parse, within};
use runtime_grpc::client::GrpcClientSettings;

use super::cors::CorsSettings;

/// The gateway's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ClienteSettings {
    /// Address that the gateway listens on
    #[arg(default_value = "[::]:8000", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// How long one request may take as a whole, down to the store
    #[arg(default_value = "2s", value_parser = within(SHORTEST..=LONGEST))]
    pub request_deadline: Duration,
    /// Between two signs of life on a stream of changes
    #[arg(default_value = "15s", value_parser = within(SHORTEST..=LONGEST))]
    pub heartbeat_interval: Duration,
    /// Streams of changes open at once, the last quarter for addresses that have few; more get
    /// 503. A server bears `MAX_CONCURRENT_STREAMS` of them from each gateway
    #[arg(default_value = "200", value_parser = within(1_usize..=1_000_000))]
    pub max_streams: usize,
    /// Requests under way at once, the last quarter for addresses that have few; more get 503
    #[arg(default_value = "1000", value_parser = within(1_usize..=1_000_000))]
    pub max_requests: usize,
    /// Requests a second from one address, which a proxy of `FORWARDED_TRUST` may name; more get
    /// 429; 0: any number
    #[arg(default_value = "5000", value_parser = parse::<u32>)]
    pub max_requests_per_second: u32,
    /// Requests from one address at once, before that rate holds
    #[arg(default_value = "10000", value_parser = within(1_u32..=1_000_000))]
    pub max_requests_burst: u32,
    /// The server of users, and how it is called.
    #[command(flatten)]
    pub server: GrpcClientSettings,
    /// Who may be in front of it.
    #[command(flatten)]
    pub proxies: ProxySettings,
    /// Which pages may call it.
    #[command(flatten)]
    pub cors: CorsSettings,
    /// Its limits.
    #[command(flatten)]
    pub limits: HttpLimits,
}

impl Settings for ClienteSettings {
    fn finish(self, source: &Source) -> Result<Self, SettingsError> {
        // No browser takes such an answer: any page could do whatever its reader may.
        if self.cors.cors_allow_credentials && self.cors.is_open() {
            let expected = "false, or CORS_ALLOW_ORIGINS with names instead of *";
            return Err(source.refused("CORS_ALLOW_CREDENTIALS", expected));
        }
        Ok(self)
    }
}

const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;
    use testing::settings;

    #[test]
    fn the_defaults_can_be_read() {
        let settings = settings::<crate::Cliente>(&[]);
        assert_eq!(settings.listen.port(), 8000);
        assert_eq!(settings.server.server.to_string(), "servidor:50051");
        assert!(settings.server.connect_timeout < settings.request_deadline);
        assert!(settings.cors.layer().is_none() && settings.proxies.root_path.is_none());
    }

    #[test]
    fn cookies_from_any_page_are_refused() {
        let read = |origins: &str| {
            let pairs = [
                ("CORS_ALLOW_ORIGINS", origins),
                ("CORS_ALLOW_CREDENTIALS", "true"),
            ];
            let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let inputs = Inputs {
                environment: owned.into_iter().collect(),
                ..Inputs::default()
            };
            runtime::settings_from::<crate::Cliente>(inputs).map_err(|error| error.to_string())
        };
        assert!(read("https://app.example").unwrap().cors.layer().is_some());
        let error = read("https://app.example,*").unwrap_err();
        assert!(error.starts_with("CORS_ALLOW_CREDENTIALS="), "{error}");
    }
}

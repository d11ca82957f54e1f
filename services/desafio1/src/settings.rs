//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::http::HttpLimits;
use runtime::settings::{HOUR, MILLISECOND, SettingsError, Source, parse, within};
use url::Url;

/// The server's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ServidorSettings {
    /// Address that the server listens on
    #[arg(default_value = "[::]:8080", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// What GET / answers
    #[arg(
        default_value = "Olá! Aqui é o servidor, falando de dentro da rede.",
        value_parser = parse::<String>
    )]
    pub message: String,
    /// Its limits.
    #[command(flatten)]
    pub limits: HttpLimits,
}

impl Settings for ServidorSettings {}

/// The client's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientSettings {
    /// What the client asks for, by the server's name in the network
    #[arg(default_value = "http://servidor:8080/", value_parser = parse::<Url>)]
    pub server_url: Url,
    /// Time between two requests while the server answers
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub interval: Duration,
    /// Longest time between two requests while it does not
    #[arg(default_value = "30s", value_parser = within(MILLISECOND..=HOUR))]
    pub max_backoff: Duration,
    /// How long one request may take
    #[arg(default_value = "2s", value_parser = within(MILLISECOND..=HOUR))]
    pub timeout: Duration,
}

impl Settings for ClientSettings {
    fn finish(self, source: &Source) -> Result<Self, SettingsError> {
        if self.max_backoff < self.interval {
            let expected = format!("at least INTERVAL, which is {:?}", self.interval);
            return Err(source.refused("MAX_BACKOFF", expected));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::Inputs;

    use super::*;

    fn read<S: Service>(name: &str, value: &str) -> Result<S::Settings, SettingsError> {
        let inputs = Inputs {
            environment: [(name.to_owned(), value.to_owned())].into(),
            ..Inputs::default()
        };
        runtime::settings_from::<S>(inputs)
    }

    #[test]
    fn the_defaults_of_both_programs_can_be_read() {
        let servidor = read::<crate::Servidor>("", "").unwrap();
        assert_eq!(servidor.listen.port(), 8080);
        let client = read::<crate::Client>("", "").unwrap();
        assert_eq!(client.server_url.as_str(), "http://servidor:8080/");
        assert_eq!(
            (client.interval.as_secs(), client.max_backoff.as_secs()),
            (5, 30)
        );
    }

    #[test]
    fn a_longest_backoff_below_the_interval_is_refused() {
        let read = read::<crate::Client>("MAX_BACKOFF", "1s");
        let error = read.unwrap_err().to_string();
        assert!(
            error.contains("MAX_BACKOFF") && error.contains("at least INTERVAL"),
            "{error}"
        );
    }

    #[test]
    fn a_server_url_without_a_scheme_is_refused() {
        let read = read::<crate::Client>("SERVER_URL", "servidor:8080");
        let error = read.unwrap_err().to_string();
        assert!(error.starts_with("SERVER_URL=\"servidor:8080\""), "{error}");
    }
}

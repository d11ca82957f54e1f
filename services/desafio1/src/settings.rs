//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::http::HttpLimits;
use runtime::settings::{SettingsError, Source};
use url::Url;

/// The server's settings.
#[derive(Clone, Debug)]
pub struct ServidorSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// `MESSAGE`: what it answers.
    pub message: String,
    /// Its limits.
    pub limits: HttpLimits,
}

impl Settings for ServidorSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            listen: source.get("LISTEN")?,
            message: source.get("MESSAGE")?,
            limits: HttpLimits::read(source)?,
        })
    }
}

/// The client's settings.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// `SERVER_URL`: what it asks for.
    pub server_url: Url,
    /// `INTERVAL`: between two requests.
    pub interval: Duration,
    /// `MAX_BACKOFF`: between two requests while the server is away.
    pub max_backoff: Duration,
    /// `TIMEOUT`: for one request.
    pub timeout: Duration,
}

impl Settings for ClientSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let time =
            |name| source.get_within(name, Duration::from_millis(1)..=Duration::from_hours(1));
        let read = Self {
            server_url: source.get("SERVER_URL")?,
            interval: time("INTERVAL")?,
            max_backoff: time("MAX_BACKOFF")?,
            timeout: time("TIMEOUT")?,
        };
        if read.max_backoff < read.interval {
            let expected = format!("at least INTERVAL, which is {:?}", read.interval);
            let value = format!("{:?}", read.max_backoff);
            return Err(source.refused("MAX_BACKOFF", &value, expected));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::Inputs;

    use super::*;

    fn source<S: Service>(name: &str, value: &str) -> Source {
        let environment = [(name.to_owned(), value.to_owned())].into();
        Source::load(
            S::DEFAULTS,
            Inputs {
                environment,
                ..Inputs::default()
            },
        )
        .unwrap()
    }

    #[test]
    fn the_defaults_of_both_programs_can_be_read() {
        let servidor = ServidorSettings::read(&source::<crate::Servidor>("", "")).unwrap();
        assert_eq!(servidor.listen.port(), 8080);
        let client = ClientSettings::read(&source::<crate::Client>("", "")).unwrap();
        assert_eq!(client.server_url.as_str(), "http://servidor:8080/");
        assert_eq!(
            (client.interval.as_secs(), client.max_backoff.as_secs()),
            (5, 30)
        );
    }

    #[test]
    fn a_longest_backoff_below_the_interval_is_refused() {
        let read = ClientSettings::read(&source::<crate::Client>("MAX_BACKOFF", "1s"));
        let error = read.unwrap_err().to_string();
        assert!(
            error.contains("MAX_BACKOFF") && error.contains("at least INTERVAL"),
            "{error}"
        );
    }

    #[test]
    fn a_server_url_without_a_scheme_is_refused() {
        let read = ClientSettings::read(&source::<crate::Client>("SERVER_URL", "servidor:8080"));
        let error = read.unwrap_err().to_string();
        assert!(error.starts_with("SERVER_URL=\"servidor:8080\""), "{error}");
    }
}

//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{FromSetting, SettingsError, Source};
use runtime_tcp::{Patience, TcpClientSettings, TcpLimits};

use crate::domain::Number;
use crate::wire::Mode;

/// The server's settings.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// `MODE`: how it answers.
    pub mode: Mode,
    /// Its limits.
    pub limits: TcpLimits,
}

impl Settings for ServerSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            listen: source.get("LISTEN")?,
            mode: source.get("MODE")?,
            limits: TcpLimits::read(source)?,
        })
    }
}

/// The client's settings.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Whom it asks, and how.
    pub tcp: TcpClientSettings,
    /// How long it tries.
    pub patience: Patience,
    /// `NUMBER`: what it sends; random without.
    pub number: Option<Number>,
    /// `COUNT`: how many times; 0 is for ever.
    pub count: u64,
    /// `INTERVAL`: between two times.
    pub interval: Duration,
}

impl Settings for ClientSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let interval = Duration::from_millis(1)..=Duration::from_hours(1);
        Ok(Self {
            tcp: TcpClientSettings::read(source)?,
            patience: Patience::read(source)?,
            number: source.get_optional("NUMBER")?,
            count: source.get("COUNT")?,
            interval: source.get_within("INTERVAL", interval)?,
        })
    }
}

impl FromSetting for Number {
    const EXPECTED: &'static str = "a whole number in decimal digits, 0 or more and below 2^512";

    fn from_setting(text: &str) -> Option<Self> {
        Self::from_decimal(text)
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
        let server = ServerSettings::read(&source::<crate::Server>("", "")).unwrap();
        assert_eq!(
            (server.listen.port(), server.mode),
            (65432, Mode::Compatible)
        );
        let client = ClientSettings::read(&source::<crate::Client>("", "")).unwrap();
        assert_eq!((client.number, client.count), (None, 1));
        assert_eq!(client.tcp.server.to_string(), "server:65432");
    }

    #[test]
    fn a_number_below_zero_or_too_wide_is_refused_with_what_would_be_right() {
        for wrong in ["-1", "1.5", "dois", &"9".repeat(155)] {
            let error = ClientSettings::read(&source::<crate::Client>("NUMBER", wrong));
            let error = error.unwrap_err().to_string();
            assert!(error.contains("below 2^512"), "{error}");
        }
    }

    #[test]
    fn a_mode_that_does_not_exist_is_refused() {
        let error = ServerSettings::read(&source::<crate::Server>("MODE", "fast")).unwrap_err();
        assert!(
            error.to_string().ends_with("expected compatible or full"),
            "{error}"
        );
    }
}

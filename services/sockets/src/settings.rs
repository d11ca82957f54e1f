//! What the server and the client can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{FromSetting, HOUR, MILLISECOND, parse, within};
use runtime_tcp::{Patience, TcpClientSettings, TcpLimits};

use crate::domain::Number;
use crate::wire::Mode;

/// The server's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerSettings {
    /// Address that the server listens on
    #[arg(default_value = "[::]:65432", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// How it answers: compatible (PAR or ÍMPAR, from 10 digits on the number itself) or full
    /// (parity, primality and digits on one line)
    #[arg(default_value = "compatible", value_parser = parse::<Mode>)]
    pub mode: Mode,
    /// Its limits.
    #[command(flatten)]
    pub limits: TcpLimits,
}

impl Settings for ServerSettings {}

/// The client's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientSettings {
    /// The number to send, below 2^512; none: a random one from 1 to 1000, each time another
    #[arg(value_parser = parse::<Number>)]
    pub number: Option<Number>,
    /// How many times to send a number; 0: for ever
    #[arg(default_value = "1", value_parser = parse::<u64>)]
    pub count: u64,
    /// Time between two of them
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub interval: Duration,
    /// Whom it asks, and how.
    #[command(flatten)]
    pub tcp: TcpClientSettings,
    /// How long it tries.
    #[command(flatten)]
    pub patience: Patience,
}

impl Settings for ClientSettings {}

impl FromSetting for Number {
    const EXPECTED: &'static str = "a whole number in decimal digits, 0 or more and below 2^512";

    fn from_setting(text: &str) -> Option<Self> {
        Self::from_decimal(text)
    }
}

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::{Inputs, SettingsError};

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
        let server = read::<crate::Server>("", "").unwrap();
        assert_eq!(
            (server.listen.port(), server.mode),
            (65432, Mode::Compatible)
        );
        let client = read::<crate::Client>("", "").unwrap();
        assert_eq!((client.number, client.count), (None, 1));
        assert_eq!(client.tcp.server.to_string(), "server:65432");
    }

    #[test]
    fn a_number_below_zero_or_too_wide_is_refused_with_what_would_be_right() {
        for wrong in ["-1", "1.5", "dois", &"9".repeat(155)] {
            let error = read::<crate::Client>("NUMBER", wrong);
            let error = error.unwrap_err().to_string();
            assert!(error.contains("below 2^512"), "{error}");
        }
    }

    #[test]
    fn a_mode_that_does_not_exist_is_refused() {
        let error = read::<crate::Server>("MODE", "fast").unwrap_err();
        assert!(
            error.to_string().ends_with("expected compatible or full"),
            "{error}"
        );
    }
}

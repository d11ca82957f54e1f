//! What can end a process before its time.

use crate::net::BindError;
use crate::settings::SettingsError;
use crate::telemetry::TelemetryError;

/// Why a service did not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings are wrong; exit code 2.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An address could not be taken; exit code 1.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Spans could not be set up; exit code 2, for the settings say where they go.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The async runtime could not be built; exit code 1.
    #[error("the async runtime did not start: {0}")]
    Runtime(#[source] std::io::Error),
    /// The signals of the process could not be listened to; exit code 1.
    #[error("signals cannot be received: {0}")]
    Signals(#[source] std::io::Error),
    /// The service itself failed; exit code 1.
    #[error("{0}")]
    Service(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Settings(error) => error.code(),
            Self::Bind(_) => "bind",
            Self::Telemetry(_) => "telemetry",
            Self::Runtime(_) => "runtime",
            Self::Signals(_) => "signals",
            Self::Service(_) => "service",
        }
    }

    /// The exit code of the process: 2 where the caller can mend it by a setting or flag.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Telemetry(_) => 2,
            _ => 1,
        }
    }
}

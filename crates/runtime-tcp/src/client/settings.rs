//! What a TCP client is told.

use std::time::Duration;

use runtime::net::ServerAddress;
use runtime::settings::{FromSetting, Settings, SettingsError, Source};

/// The TOML that declares the settings of a TCP client, beside `SERVER_ADDRESS`.
pub const DEFAULTS: &str = include_str!("../client.toml");

/// What a TCP client is told.
#[derive(Clone, Debug)]
pub struct TcpClientSettings {
    /// `SERVER_ADDRESS`: whom it asks.
    pub server: ServerAddress,
    /// `TIMEOUT`: for one exchange.
    pub timeout: Duration,
    /// `TRACE_CONTEXT`: how the context travels.
    pub trace_context: TraceContext,
}

/// How a trace's context travels to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceContext {
    /// Not at all: any server understands that.
    Off,
    /// In a PROXY header before the request.
    Proxy,
}

impl FromSetting for TraceContext {
    const EXPECTED: &'static str = "off or proxy";

    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "proxy" => Some(Self::Proxy),
            _ => None,
        }
    }
}

impl Settings for TcpClientSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let range = Duration::from_millis(1)..=Duration::from_hours(1);
        Ok(Self {
            server: source.get("SERVER_ADDRESS")?,
            timeout: source.get_within("TIMEOUT", range)?,
            trace_context: source.get("TRACE_CONTEXT")?,
        })
    }
}

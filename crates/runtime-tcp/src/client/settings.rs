//! What a TCP client is told.

use std::time::Duration;

use runtime::net::ServerAddress;
use runtime::settings::{FromSetting, HOUR, MILLISECOND, parse, within};

/// What a TCP client is told.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct TcpClientSettings {
    /// The server, by its name in the network
    #[arg(id = "server_address", value_parser = parse::<ServerAddress>, help_heading = "Settings")]
    pub server: ServerAddress,
    /// How long one exchange may take: connect, send, read the answer
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub timeout: Duration,
    /// How a trace's context travels to the server: off, or proxy for a PROXY v2 header before the
    /// request (only a server that knows it understands that)
    #[arg(default_value = "off", value_parser = parse::<TraceContext>)]
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

//! What can go wrong between the lab and a cluster.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use runtime::net::BindError;
use runtime::tls::TlsError;

/// Why something could not be read, shown or done.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ClusterError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("TLS to {server} cannot be set up: {source}")]
    Tls { server: String, source: TlsError },
    #[error("KUBERNETES_CA_FILE={}: {source}", path.display())]
    Authorities { path: PathBuf, source: TlsError },
    #[error("{server} cannot be reached: {reason}")]
    Connect { server: String, reason: String },
    #[error("the exchange with {server} broke: {reason}")]
    Broken { server: String, reason: String },
    #[error("{server} did not answer within {after:?}")]
    Timeout { server: String, after: Duration },
    #[error("the answer of {server} is larger than {limit} bytes")]
    TooLarge { server: String, limit: usize },
    #[error("the answer of {server} to {what} is not what it should be: {reason}")]
    Shape {
        server: String,
        what: String,
        reason: String,
    },
    /// The version that a watch began with is forgotten.
    #[error("what the API server knew is too old by now")]
    Expired,
    #[error("the service account may not {what}: {message}")]
    Forbidden { what: String, message: String },
    #[error("{what} is refused with {status}: {message}")]
    Refused {
        what: String,
        status: u16,
        message: String,
    },
    #[error("breaks are off here; BREAKS=on allows them (in the chart, services.lab.env.BREAKS)")]
    BreaksOff,
    #[error("{0}")]
    Unknown(String),
    #[error("{0}")]
    Wrong(String),
    #[error("{0}")]
    Conflict(String),
}

impl ClusterError {
    /// The status of an answer that says so.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BreaksOff | Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Unknown(_) => StatusCode::NOT_FOUND,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

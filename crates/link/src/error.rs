//! Why a link is not made or changed.

use axum::http::StatusCode;

/// Why a request for a link or a toxic is refused. The texts begin with toxiproxy's own, which its
/// clients know.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The body is not JSON, or not of the right shape.
    #[error("bad request body: {0}")]
    BadBody(String),
    /// A field without which there is no link.
    #[error("missing required field: {0}")]
    MissingField(String),
    /// No link of this name.
    #[error("proxy not found")]
    NoLink,
    /// There is a link of this name.
    #[error("proxy already exists")]
    LinkExists,
    /// Neither `upstream` nor `downstream`.
    #[error("stream was invalid, can be either upstream or downstream")]
    BadStream,
    /// No toxic of this type.
    #[error("invalid toxic type: {given:?}; there are {known}")]
    BadType {
        /// As it was given.
        given: String,
        /// Those that there are.
        known: String,
    },
    /// There is a toxic of this name on the link.
    #[error("toxic already exists")]
    ToxicExists,
    /// No toxic of this name on the link.
    #[error("toxic not found")]
    NoToxic,
    /// The address cannot be listened on.
    #[error("listen {address}: {source}")]
    Listen {
        /// As it was given.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl LinkError {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadBody(_) | Self::MissingField(_) | Self::BadStream | Self::BadType { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::NoLink | Self::NoToxic => StatusCode::NOT_FOUND,
            Self::LinkExists | Self::ToxicExists => StatusCode::CONFLICT,
            Self::Listen { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

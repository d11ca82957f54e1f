//! What can end the service before its time.

use runtime::http_client::HttpClientError;
use runtime::net::BindError;

use crate::store::journal::JournalError;
use crate::store::shared::SharedLogError;

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address could not be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The HTTP library for the relay could not be set up.
    #[error(transparent)]
    Client(#[from] HttpClientError),
    /// The log on disk cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The log in Redis cannot be used.
    #[error(transparent)]
    SharedLog(#[from] SharedLogError),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Client(error) => error.code(),
            Self::Journal(_) => "journal",
            Self::SharedLog(_) => "redis",
        }
    }
}

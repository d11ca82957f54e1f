//! What can end either program before its time.

use runtime::http_client::HttpClientError;
use runtime::net::BindError;

/// Why a program of this exercise ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's address could not be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The client's HTTP library could not be set up.
    #[error(transparent)]
    Client(#[from] HttpClientError),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Client(error) => error.code(),
        }
    }
}

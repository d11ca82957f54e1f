//! What can end either program before its time.

use runtime::net::BindError;
use runtime_tcp::TcpClientError;

/// Why a program of this exercise ended, or did not do all it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's address could not be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The name on the command line got no answer.
    #[error(transparent)]
    NoAnswer(#[from] TcpClientError),
    /// The server refused the name on the command line, and its answer says why.
    #[error("the server refused the name")]
    Refused,
    /// The server's answer to that name came, and could not be printed; the log says why.
    #[error("the answer could not be printed")]
    Unprinted,
    /// Of several names, some got no greeting, or one that could not be printed; the log says which and why.
    #[error("{0} of {1} names got no greeting")]
    Some(u64, u64),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::NoAnswer(error) => error.code(),
            Self::Refused => "refused",
            Self::Unprinted => "unprinted",
            Self::Some(..) => "some_refused",
        }
    }
}

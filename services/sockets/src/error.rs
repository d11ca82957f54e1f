//! What can end either program before its time.

use runtime::net::BindError;

/// Why a program of this exercise ended, or did not do all it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's address could not be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Some numbers got no answer, a refusal, or an answer that could not be printed; the log says which and why.
    #[error("{0} of {1} numbers got no answer")]
    Unanswered(u64, u64),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Unanswered(..) => "unanswered",
        }
    }
}

//! Why a TCP client gets no answer.

use std::io;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TcpClientError {
    /// No connection: the name is unknown, or nothing listens, or it refused.
    #[error("no connection to {server}: {reason}")]
    Connect {
        /// Name and port of the server.
        server: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The server took too long.
    #[error("no answer from {server} in time")]
    Timeout {
        /// Name and port of the server.
        server: String,
    },
    /// The connection broke before the answer.
    #[error("the connection to {server} broke: {reason}")]
    Broken {
        /// Name and port of the server.
        server: String,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The server closed without a word.
    #[error("{server} closed the connection without an answer")]
    Silent {
        /// Name and port of the server.
        server: String,
    },
    /// The answer is larger than any may be.
    #[error("the answer of {server} is larger than {limit} bytes")]
    TooLarge {
        /// Name and port of the server.
        server: String,
        /// The limit.
        limit: usize,
    },
}

impl TcpClientError {
    /// A bounded name, for spans and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::Broken { .. } => "broken",
            Self::Silent { .. } => "silent",
            Self::TooLarge { .. } => "too_large",
        }
    }
}

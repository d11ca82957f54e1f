//! Why Redis gave no answer.

use redis::ErrorKind;
use redis::ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, NoPerm, ReadOnly, TryAgain};

/// Why there is no answer of Redis.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It is away, hung, or not able to serve at the moment.
    #[error("Redis does not answer: {0}")]
    Unavailable(String),
    /// More commands are under way than may be, for too long.
    #[error("too many commands wait for Redis")]
    Busy,
    /// The deadline of the caller has passed.
    #[error("the caller's deadline passed before Redis answered")]
    DeadlineExceeded,
    /// It has no memory left for what should be written.
    #[error("Redis has no memory left")]
    Full,
    /// It answered what it never should.
    #[error("Redis answered what is not understood: {0}")]
    Answer(String),
}

impl RedisError {
    /// A bounded name, for `error.type` and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Busy => "busy",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Full => "full",
            Self::Answer(_) => "answer",
        }
    }

    /// Whether the same command may well be answered later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy | Self::Full)
    }

    pub(super) fn timeout() -> Self {
        Self::Unavailable("no answer in time".to_owned())
    }

    pub(super) fn of(error: &redis::RedisError) -> Self {
        match error.kind() {
            ErrorKind::Extension if error.code() == Some("OOM") => Self::Full,
            _ if is_unavailability(error) => Self::Unavailable(error.to_string()),
            _ => Self::Answer(error.to_string()),
        }
    }
}

/// Whether another moment, or another node, may well answer.
fn is_unavailability(error: &redis::RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::AuthenticationFailed
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => true,
        ErrorKind::Server(kind) => matches!(
            kind,
            BusyLoading | ClusterDown | MasterDown | NoPerm | ReadOnly | TryAgain
        ),
        ErrorKind::Extension => matches!(
            error.code(),
            Some("MISCONF" | "NOAUTH" | "WRONGPASS" | "NOREPLICAS" | "BUSY" | "UNBLOCKED")
        ),
        _ => false,
    }
}

/// Whether the connection is of no use any more.
pub(super) fn breaks_connection(error: &redis::RedisError) -> bool {
    let demoted = matches!(error.kind(), ErrorKind::Server(ReadOnly));
    demoted || error.is_unrecoverable_error() || error.is_io_error()
}

//! What can go wrong, from the start of the program to one call.

use std::time::Duration;

use runtime::net::BindError;
use runtime_grpc::DescriptorError;
use runtime_redis::RedisError;

use crate::domain::Refusal;
use crate::texts;

/// Why the program ended, or why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server's address could not be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The interfaces built into the program cannot be read.
    #[error(transparent)]
    Descriptors(#[from] DescriptorError),
    /// A client of Redis could not be set up.
    #[error("{}", texts::server::redis_setup(.0))]
    RedisSetup(#[source] RedisError),
    /// The call is refused by the rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// As many streams of changes are open as may be.
    #[error("{}", texts::server::TOO_MANY_WATCHERS)]
    TooManyWatchers,
    /// More is asked of the store at once than it takes.
    #[error("{}", texts::server::BUSY)]
    Busy,
    /// The store does not answer; worth another try after this long.
    #[error("{}", texts::server::UNAVAILABLE)]
    Unavailable(Duration),
    /// The store answers, and refuses this; worth another try after this long.
    #[error("{}", texts::server::STORE_REFUSES)]
    StoreRefuses(Duration),
    /// The caller's deadline has passed.
    #[error("{}", texts::server::DEADLINE_EXCEEDED)]
    DeadlineExceeded,
    /// The store holds, or says, what it never should.
    #[error("{}", texts::server::CORRUPT)]
    Corrupt(String),
}

impl Error {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Descriptors(_) => "descriptors",
            Self::RedisSetup(_) => "redis_setup",
            Self::Refused(refused) => refused.code(),
            Self::TooManyWatchers => "too_many_watchers",
            Self::Busy => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::StoreRefuses(_) => "store_refuses",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Corrupt(_) => "corrupt",
        }
    }
}

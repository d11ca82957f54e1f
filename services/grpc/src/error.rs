//! What can go wrong, from the start of the program to one call.

use std::time::Duration;

use runtime::net::BindError;
use runtime_grpc::DescriptorError;
use runtime_redis::RedisError;

use crate::domain::Refusal;

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
    #[error("o cliente de Redis não pode ser configurado: {0}")]
    RedisSetup(#[source] RedisError),
    /// The call is refused by the rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// As many streams of changes are open as may be.
    #[error("há observadores demais; tente mais tarde")]
    TooManyWatchers,
    /// More is asked of the store at once than it takes.
    #[error("há pedidos demais; tente de novo")]
    Busy,
    /// The store does not answer; worth another try after this long.
    #[error("o armazenamento de usuários não responde; tente de novo")]
    Unavailable(Duration),
    /// The caller's deadline has passed.
    #[error("o prazo do pedido passou")]
    DeadlineExceeded,
    /// The store holds, or says, what it never should.
    #[error("o armazenamento de usuários tem dados que este serviço não entende")]
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
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Corrupt(_) => "corrupt",
        }
    }
}

//! A connection of one's own, for commands that wait for something to happen.

use std::time::Duration;

use redis::{ErrorKind, FromRedisValue};
use tokio::time::timeout;

use super::command::{Command, convert};
use super::error::RedisError;
use super::target::{Connection, Target};

/// A connection that nobody shares. After an error it is of no use.
pub struct Dedicated(Connection);

impl std::fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dedicated")
    }
}

impl Dedicated {
    pub(super) async fn connect(target: &Target, limit: Duration) -> Result<Self, RedisError> {
        let connecting = timeout(limit, target.connect(limit)).await;
        connecting
            .unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))
            .map(Self)
            .map_err(|error| RedisError::of(&error))
    }

    /// Sends a command and waits at most this long, which should be longer than the command
    /// itself waits.
    pub async fn query<T: FromRedisValue>(
        &mut self,
        command: &Command,
        limit: Duration,
    ) -> Result<T, RedisError> {
        let answer = timeout(limit, self.0.send(&command.cmd)).await;
        let answer = answer.map_err(|_| RedisError::timeout())?;
        convert(answer.map_err(|error| RedisError::of(&error))?)
    }
}

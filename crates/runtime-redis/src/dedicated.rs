//! A connection of one's own, for commands that wait for something to happen.

use std::time::Duration;

use futures_util::FutureExt;
use redis::{ErrorKind, FromRedisValue};
use tokio::time::timeout;

use super::command::{Command, convert};
use super::error::RedisError;
use super::target::{DedicatedConnection, Target};

/// A connection that nobody shares. After an error it is of no use.
pub struct Dedicated(Option<DedicatedConnection>);

impl std::fmt::Debug for Dedicated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dedicated")
    }
}

impl Dedicated {
    pub(super) async fn connect(target: &Target, limit: Duration) -> Result<Self, RedisError> {
        // Rarely done, and large.
        let connecting = timeout(limit, target.connect(limit).boxed()).await;
        connecting
            .unwrap_or_else(|_| Err((ErrorKind::Io, "no connection in time").into()))
            .map(|connection| Self(Some(connection)))
            .map_err(|error| RedisError::of_connecting(&error))
    }

    /// Sends a command and waits at most this long, which should be longer than the command
    /// itself waits.
    pub async fn query<T: FromRedisValue>(
        &mut self,
        command: &Command,
        limit: Duration,
    ) -> Result<T, RedisError> {
        let Some(connection) = &mut self.0 else {
            return Err(RedisError::Unavailable("the connection broke".to_owned()));
        };
        let answer = timeout(limit, connection.send(&command.cmd)).await;
        let answer = answer
            .map_err(|_| RedisError::timeout())
            .and_then(|answer| answer.map_err(|error| RedisError::of(&error)));
        if answer.is_err() {
            // An answer that comes late must not be taken for that of another command.
            if let Some(connection) = self.0.take() {
                connection.discard();
            }
        }
        convert(answer?)
    }
}

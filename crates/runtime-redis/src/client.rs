//! A client, as the rest of the program uses it.

use std::sync::Arc;

use redis::FromRedisValue;

use super::command::{Command, Script, convert};
use super::dedicated::Dedicated;
use super::error::RedisError;
use super::executor::{AttemptError, Executor, is_unknown_script};
use super::health_check;
use super::settings::RedisSettings;
use runtime::Lifecycle;

/// A client of Redis. Cheap to clone; every clone is the same client.
#[derive(Clone)]
pub struct RedisClient(Arc<Executor>);

impl std::fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RedisClient")
            .field(&self.0.settings)
            .finish()
    }
}

impl RedisClient {
    /// A client, which connects by itself and makes the lifecycle's readiness depend on it.
    ///
    /// The health check probes `key`: one of those that are used, for in a cluster each is
    /// somewhere else.
    pub fn new(
        settings: RedisSettings,
        key: &str,
        lifecycle: &Lifecycle,
    ) -> Result<Self, RedisError> {
        let executor = Arc::new(Executor::new(settings, lifecycle.metrics())?);
        let probe = Command::read("EXISTS").arg(key);
        let dependency = lifecycle.readiness().require("redis");
        let checked = Arc::clone(&executor);
        lifecycle.spawn(health_check::run(
            checked,
            probe,
            dependency,
            lifecycle.clone(),
        ));
        Ok(Self(executor))
    }

    /// Sends a command, under a CLIENT span of the current trace.
    pub async fn query<T: FromRedisValue>(&self, command: &Command) -> Result<T, RedisError> {
        let limit = self.0.admit()?;
        convert(self.0.repeated(command, limit).await?)
    }

    /// Runs a script, by its hash; by its text where Redis does not know it yet.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, RedisError> {
        let limit = self.0.admit()?;
        let by_hash = script.command(true, keys, arguments);
        let answer = match self.0.attempt(&by_hash, limit).await {
            Err(AttemptError::Redis(error)) if is_unknown_script(&error) => {
                let by_text = script.command(false, keys, arguments);
                self.0.attempt(&by_text, limit).await
            }
            other => other,
        };
        convert(answer.map_err(RedisError::from)?)
    }

    /// A connection of one's own, for commands that wait: no span, no permit.
    pub async fn dedicated(&self) -> Result<Dedicated, RedisError> {
        self.0.admit()?;
        Dedicated::connect(&self.0.target, self.0.settings.connect_timeout).await
    }
}

//! A client, as the rest of the program uses it.

use std::sync::Arc;

use redis::{FromRedisValue, Value};

use super::command::{Command, Script, convert};
use super::dedicated::Dedicated;
use super::error::RedisError;
use super::executor::{AttemptError, Executor, TimeLimit, is_unknown_script};
use super::health_check;
use super::policy::{Policy, Repetition};
use super::probe::Probe;
use super::settings::RedisSettings;
use runtime::Lifecycle;

/// A client of Redis. Cheap to clone; every clone is the same client.
#[derive(Clone)]
pub struct RedisClient {
    executor: Arc<Executor>,
    policy: Policy,
    lifecycle: Lifecycle,
}

impl std::fmt::Debug for RedisClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisClient")
            .field("settings", &self.executor.settings)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl RedisClient {
    /// A client, which connects by itself and makes the lifecycle's readiness depend on it.
    ///
    /// Ready is what does all that `probe` asks for.
    pub fn new(
        settings: RedisSettings,
        policy: Policy,
        probe: Probe,
        lifecycle: &Lifecycle,
    ) -> Result<Self, RedisError> {
        let executor = Arc::new(Executor::new(settings, lifecycle.metrics())?);
        let dependency = lifecycle.readiness().require("redis");
        let checked = Arc::clone(&executor);
        lifecycle.spawn(health_check::run(
            checked,
            probe,
            dependency,
            lifecycle.clone(),
        ));
        Ok(Self {
            executor,
            policy,
            lifecycle: lifecycle.clone(),
        })
    }

    /// Sends a command, under a CLIENT span of the current trace.
    pub async fn query<T: FromRedisValue>(&self, command: &Command) -> Result<T, RedisError> {
        let mut repetition = self.repetition();
        loop {
            match self.query_once(command).await {
                Ok(value) => return convert(value),
                Err(error) => repetition.after(error).await?,
            }
        }
    }

    /// Runs a script, by its hash; by its text where Redis does not know it yet.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<T, RedisError> {
        let by_hash = script.command(true, keys, arguments);
        let by_text = || script.command(false, keys, arguments);
        let mut repetition = self.repetition();
        loop {
            match self.run_once(&by_hash, by_text).await {
                Ok(value) => return convert(value),
                Err(error) => repetition.after(error).await?,
            }
        }
    }

    /// A connection of one's own, for commands that wait: no span, no permit, and by either policy
    /// an error where Redis is away.
    pub async fn dedicated(&self) -> Result<Dedicated, RedisError> {
        self.admit()?;
        Dedicated::connect(
            &self.executor.target,
            self.executor.settings.connect_timeout,
        )
        .await
    }

    async fn query_once(&self, command: &Command) -> Result<Value, RedisError> {
        let limit = self.admit()?;
        self.executor.repeated(command, limit).await
    }

    async fn run_once(
        &self,
        by_hash: &Command,
        by_text: impl FnOnce() -> Command,
    ) -> Result<Value, RedisError> {
        let limit = self.admit()?;
        let answer = match self.executor.attempt(by_hash, limit).await {
            Err(AttemptError::Redis(error)) if is_unknown_script(&error) => {
                self.executor.attempt(&by_text(), limit).await
            }
            other => other,
        };
        Ok(answer?)
    }

    fn admit(&self) -> Result<TimeLimit, RedisError> {
        // The health check, which closes the breaker, ends with the service.
        let despite_breaker = self.policy == Policy::KeepAsking && self.lifecycle.is_draining();
        self.executor.admit(despite_breaker)
    }

    fn repetition(&self) -> Repetition<'_> {
        let (breaker, longest) = (&self.executor.breaker, self.executor.settings.max_backoff);
        Repetition::new(self.policy, breaker, &self.lifecycle, longest)
    }
}

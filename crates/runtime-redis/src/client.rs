//! Commands, with their limits in time, spans and metrics.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Object, PoolError};
use futures_util::FutureExt;
use redis::{ErrorKind, FromRedisValue, ServerErrorKind, Value, from_redis_value};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::breaker::Breaker;
use super::command::{Command, Script};
use super::dedicated::Dedicated;
use super::error::{RedisError, breaks_connection};
use super::keeper;
use super::observe::{self, Attributes, RedisMetrics};
use super::pool::{Connections, Pool};
use super::settings::RedisSettings;
use super::target::Target;
use runtime::Lifecycle;
use runtime::{deadline, trace};

/// A client of Redis. Cheap to clone; every clone is the same client.
#[derive(Clone)]
pub struct Redis(Arc<Shared>);

/// What all clones share.
pub(super) struct Shared {
    pub(super) settings: RedisSettings,
    pub(super) breaker: Breaker,
    pub(super) metrics: RedisMetrics,
    target: Arc<Target>,
    pool: Pool,
    attributes: Attributes,
}

/// How long Redis may take.
#[derive(Clone, Copy, Debug)]
struct Limit {
    until: Instant,
    is_callers: bool,
}

impl Limit {
    /// Why there is no answer in time. A caller in a hurry says nothing about Redis.
    fn passed(self, otherwise: RedisError) -> RedisError {
        if self.is_callers {
            RedisError::DeadlineExceeded
        } else {
            otherwise
        }
    }
}

/// What came of one try.
enum Tried {
    /// Redis refused it, or the connection broke under it.
    Failed(redis::RedisError),
    /// Anything else.
    Not(RedisError),
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Redis").field(&self.0.settings).finish()
    }
}

impl Redis {
    /// A client, which connects by itself and makes the lifecycle's readiness depend on it.
    ///
    /// `key` is looked at to see whether Redis serves: one of those that are used, for in a cluster
    /// each is somewhere else.
    pub fn new(
        settings: RedisSettings,
        key: &str,
        lifecycle: &Lifecycle,
    ) -> Result<Self, RedisError> {
        let refused = |error: redis::RedisError| RedisError::Answer(error.to_string());
        let target = Arc::new(Target::new(&settings).map_err(refused)?);
        let pool = Pool::builder(Connections::new(Arc::clone(&target), &settings))
            .max_size(settings.max_commands)
            .build()
            .map_err(|error| RedisError::Answer(error.to_string()))?;
        let shared = Arc::new(Shared {
            breaker: Breaker::new(),
            metrics: RedisMetrics::register(lifecycle.metrics()),
            attributes: Attributes::new(&settings),
            target,
            pool,
            settings,
        });
        let look = Command::read("EXISTS").arg(key);
        let dependency = lifecycle.readiness().require("redis");
        let keep = keeper::keep(Arc::clone(&shared), look, dependency, lifecycle.clone());
        lifecycle.spawn(keep);
        Ok(Self(shared))
    }

    /// Asks Redis, under a CLIENT span of the current trace.
    pub async fn query<T: FromRedisValue>(&self, command: &Command) -> Result<T, RedisError> {
        let limit = self.0.admit()?;
        understood(self.0.repeated(command, limit).await?)
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
        let answer = match self.0.try_once(&by_hash, limit).await {
            Err(Tried::Failed(error)) if is_unknown_script(&error) => {
                let by_text = script.command(false, keys, arguments);
                self.0.try_once(&by_text, limit).await
            }
            other => other,
        };
        understood(answer.map_err(RedisError::from)?)
    }

    /// A connection of one's own, for commands that wait: no span, no pool.
    pub async fn dedicated(&self) -> Result<Dedicated, RedisError> {
        self.0.admit()?;
        Dedicated::connect(&self.0.target, self.0.settings.connect_timeout).await
    }
}

impl From<Tried> for RedisError {
    fn from(tried: Tried) -> Self {
        match tried {
            Tried::Failed(error) => Self::of(&error),
            Tried::Not(error) => error,
        }
    }
}

fn is_unknown_script(error: &redis::RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

pub(super) fn understood<T: FromRedisValue>(value: Value) -> Result<T, RedisError> {
    from_redis_value(value).map_err(|error| RedisError::Answer(error.to_string()))
}

impl Shared {
    /// Whether Redis may be asked, and for how long.
    fn admit(&self) -> Result<Limit, RedisError> {
        if self.breaker.is_open() {
            let why = "it did not when last seen".to_owned();
            return Err(RedisError::Unavailable(why));
        }
        let allowed = deadline::remaining(self.settings.timeout);
        if allowed.is_zero() {
            return Err(RedisError::DeadlineExceeded);
        }
        Ok(Limit {
            until: Instant::now() + allowed,
            is_callers: allowed < self.settings.timeout,
        })
    }

    /// Asks whatever the breaker says, as who looks after Redis does: without a span.
    pub(super) async fn attempt(&self, command: &Command) -> Result<Value, RedisError> {
        let until = Instant::now() + self.settings.timeout;
        let asked = async {
            let mut place = self.place().await?;
            let answer = timeout_at(until, place.ask(&command.cmd)).await;
            answer
                .map_err(|_| RedisError::timeout())
                .and_then(|answer| answer.map_err(|error| RedisError::of(&error)))
                .inspect_err(|_| place.give_up_connection())
        };
        timeout_at(until, asked)
            .await
            .unwrap_or_else(|_| Err(RedisError::timeout()))
    }

    /// Asks, and once more where that can do no harm: the connection may have been closed while
    /// nobody looked.
    async fn repeated(&self, command: &Command, limit: Limit) -> Result<Value, RedisError> {
        match self.try_once(command, limit).await {
            Err(Tried::Failed(error)) if command.repeatable && breaks_connection(&error) => {
                Ok(self.try_once(command, limit).await?)
            }
            other => Ok(other?),
        }
    }

    async fn try_once(&self, command: &Command, limit: Limit) -> Result<Value, Tried> {
        let waited = timeout_at(limit.until, self.waited_place()).await;
        let mut place = waited.map_err(|_| {
            let open = self.breaker.is_open();
            let why = if open {
                RedisError::timeout()
            } else {
                RedisError::Busy
            };
            Tried::Not(limit.passed(why))
        })??;

        let span = self.attributes.command(command);
        let started = Instant::now();
        // Not entered: nothing under it has spans of its own, and each poll would pay for it.
        let answer = timeout_at(limit.until, place.ask(&command.cmd)).await;
        let outcome = match answer {
            Ok(Ok(value)) => {
                self.breaker.success();
                Ok(value)
            }
            Ok(Err(error)) => {
                observe::refused(&span, &error);
                if breaks_connection(&error) {
                    place.give_up_connection();
                }
                match RedisError::of(&error) {
                    RedisError::Unavailable(_) => self.breaker.failure(),
                    _ => self.breaker.success(),
                }
                Err(Tried::Failed(error))
            }
            Err(_) => {
                let error = limit.passed(RedisError::timeout());
                if matches!(error, RedisError::Unavailable(_)) {
                    place.give_up_connection();
                    self.breaker.failure();
                }
                Err(Tried::Not(error))
            }
        };
        let code = match &outcome {
            Ok(_) => "",
            Err(Tried::Failed(error)) if is_unknown_script(error) => "unknown_script",
            Err(Tried::Failed(error)) => RedisError::of(error).code(),
            Err(Tried::Not(error)) => error.code(),
        };
        if !code.is_empty() {
            trace::fail(&span, code, "");
        }
        let took = started.elapsed();
        self.metrics.operation(command.operation, code, took);
        outcome
    }

    /// A place, with a span of the wait where there is one.
    async fn waited_place(&self) -> Result<Object<Connections>, Tried> {
        let mut place = pin!(self.place());
        if let Some(at_once) = place.as_mut().now_or_never() {
            return at_once.map_err(Tried::Not);
        }
        let (span, started) = (self.attributes.wait(), Instant::now());
        let outcome = place.instrument(span.clone()).await;
        if let Err(error) = &outcome {
            trace::fail(&span, error.code(), error.to_string());
        }
        let took: Duration = started.elapsed();
        span.in_scope(|| self.metrics.waited(took));
        outcome.map_err(Tried::Not)
    }

    /// A place. Where no connection can be made, nobody else need try.
    async fn place(&self) -> Result<Object<Connections>, RedisError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => {
                self.breaker.trip();
                RedisError::Unavailable(error.to_string())
            }
            other => RedisError::Unavailable(other.to_string()),
        })
    }
}

//! Runs commands, with their limits in time, spans and metrics.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{Object, PoolError};
use futures_util::FutureExt;
use redis::{ErrorKind, ServerErrorKind, Value};
use tokio::time::{Instant, timeout_at};

use super::breaker::Breaker;
use super::command::{Command, convert};
use super::error::{RedisError, breaks_connection};
use super::observe::{self, Attributes, RedisMetrics};
use super::pool::{Permits, Pool};
use super::probe::Probe;
use super::refusals::Refusals;
use super::settings::RedisSettings;
use super::target::Target;
use runtime::metrics::Metrics;
use runtime::trace::Instrument;
use runtime::{deadline, trace};

/// What all clones of a client share.
pub(super) struct Executor {
    pub(super) settings: RedisSettings,
    pub(super) breaker: Breaker,
    pub(super) refusals: Refusals,
    pub(super) metrics: RedisMetrics,
    pub(super) target: Arc<Target>,
    pool: Pool,
    attributes: Attributes,
}

/// How long Redis may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeLimit {
    until: Instant,
    is_callers: bool,
}

impl TimeLimit {
    /// Why there is no answer in time. A caller in a hurry says nothing about Redis.
    fn passed(self, otherwise: RedisError) -> RedisError {
        if self.is_callers {
            RedisError::DeadlineExceeded
        } else {
            otherwise
        }
    }
}

/// Why one attempt gave no answer.
pub(super) enum AttemptError {
    /// Redis answered with an error, or the connection broke.
    Redis(redis::RedisError),
    /// The client itself refused it, or gave it up.
    Refused(RedisError),
}

impl From<AttemptError> for RedisError {
    fn from(error: AttemptError) -> Self {
        match error {
            AttemptError::Redis(error) => Self::of(&error),
            AttemptError::Refused(error) => error,
        }
    }
}

pub(super) fn is_unknown_script(error: &redis::RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

impl Executor {
    pub(super) fn new(settings: RedisSettings, metrics: &Metrics) -> Result<Self, RedisError> {
        let refused = |error: redis::RedisError| RedisError::Answer(error.to_string());
        let target = Arc::new(Target::new(&settings).map_err(refused)?);
        let pool = Pool::builder(Permits::new(Arc::clone(&target), &settings))
            .max_size(settings.max_commands)
            .build()
            .map_err(|error| RedisError::Answer(error.to_string()))?;
        Ok(Self {
            breaker: Breaker::new(),
            refusals: Refusals::default(),
            metrics: RedisMetrics::register(metrics),
            attributes: Attributes::new(&settings),
            target,
            pool,
            settings,
        })
    }

    /// Whether Redis may be asked, and for how long.
    pub(super) fn admit(&self, despite_breaker: bool) -> Result<TimeLimit, RedisError> {
        if self.breaker.is_open() && !despite_breaker {
            let why = "it did not when last seen".to_owned();
            return Err(RedisError::Unavailable(why));
        }
        let allowed = deadline::remaining(self.settings.timeout);
        if allowed.is_zero() {
            return Err(RedisError::DeadlineExceeded);
        }
        Ok(TimeLimit {
            until: Instant::now() + allowed,
            is_callers: allowed < self.settings.timeout,
        })
    }

    /// Asks for the health check whether Redis serves: whatever the breaker says, and without a span.
    pub(super) async fn probe(&self, probe: &Probe) -> Result<(), RedisError> {
        let until = Instant::now() + self.settings.timeout;
        let command = probe.command();
        let probing = async {
            let mut permit = self.permit().await?;
            let answer = timeout_at(until, permit.send(&command.cmd)).await;
            answer
                .map_err(|_| RedisError::timeout())
                .and_then(|answer| answer.map_err(|error| RedisError::of(&error)))
                .inspect_err(|_| permit.give_up_connection())
        };
        let answer = timeout_at(until, probing).await;
        let answer = answer.unwrap_or_else(|_| Err(RedisError::timeout()))?;
        let lacking: Vec<String> = convert(answer)?;
        if lacking.is_empty() {
            return Ok(());
        }
        Err(RedisError::Lacking(lacking.join(", ")))
    }

    /// Makes an attempt, and another where that can do no harm: the connection may have been closed while
    /// nobody looked.
    pub(super) async fn repeated(
        &self,
        command: &Command,
        limit: TimeLimit,
    ) -> Result<Value, RedisError> {
        match self.attempt(command, limit).await {
            Err(AttemptError::Redis(error)) if command.repeatable && breaks_connection(&error) => {
                Ok(self.attempt(command, limit).await?)
            }
            other => Ok(other?),
        }
    }

    pub(super) async fn attempt(
        &self,
        command: &Command,
        limit: TimeLimit,
    ) -> Result<Value, AttemptError> {
        let mut permit = self.permit_within(limit).await?;

        let span = self.attributes.command(command);
        let started = Instant::now();
        // Not entered: nothing under it has spans of its own, and each poll would pay for it.
        let answer = timeout_at(limit.until, permit.send(&command.cmd)).await;
        let outcome = match answer {
            Ok(Ok(value)) => {
                self.breaker.success();
                Ok(value)
            }
            Ok(Err(error)) => {
                observe::refused(&span, &error);
                if breaks_connection(&error) {
                    permit.give_up_connection();
                }
                match RedisError::of(&error) {
                    RedisError::Unavailable(_) | RedisError::NoSession(_) => self.breaker.failure(),
                    RedisError::Refused(reason) => {
                        self.breaker.success();
                        self.refusals.put(reason);
                    }
                    _ => self.breaker.success(),
                }
                Err(AttemptError::Redis(error))
            }
            Err(_) => {
                let error = limit.passed(RedisError::timeout());
                if matches!(error, RedisError::Unavailable(_)) {
                    permit.give_up_connection();
                    self.breaker.failure();
                }
                Err(AttemptError::Refused(error))
            }
        };
        let code = match &outcome {
            Ok(_) => "",
            Err(AttemptError::Redis(error)) if is_unknown_script(error) => "unknown_script",
            Err(AttemptError::Redis(error)) => RedisError::of(error).code(),
            Err(AttemptError::Refused(error)) => error.code(),
        };
        if !code.is_empty() {
            trace::fail(&span, code, "");
        }
        let took = started.elapsed();
        self.metrics.operation(command.operation, code, took);
        outcome
    }

    /// A permit. Most often there is one at once; a wait has a limit and a span.
    async fn permit_within(&self, limit: TimeLimit) -> Result<Object<Permits>, AttemptError> {
        let mut permit = pin!(self.permit());
        if let Some(at_once) = permit.as_mut().now_or_never() {
            return at_once.map_err(AttemptError::Refused);
        }
        let (span, started) = (self.attributes.wait(), Instant::now());
        let waited = timeout_at(limit.until, permit.instrument(span.clone())).await;
        let outcome = waited.map_err(|_| {
            let why = if self.breaker.is_open() {
                RedisError::timeout()
            } else {
                RedisError::Busy
            };
            AttemptError::Refused(limit.passed(why))
        })?;
        if let Err(error) = &outcome {
            trace::fail(&span, error.code(), error.to_string());
        }
        let took: Duration = started.elapsed();
        span.in_scope(|| self.metrics.waited(took));
        outcome.map_err(AttemptError::Refused)
    }

    /// A permit. Where no connection can be made, nobody else need try.
    async fn permit(&self) -> Result<Object<Permits>, RedisError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => {
                self.breaker.trip();
                RedisError::of_connecting(&error)
            }
            other => RedisError::Unavailable(other.to_string()),
        })
    }
}

//! Checks whether Redis serves, and tells the breaker and the service's readiness.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::sleep;

use super::error::RedisError;
use super::executor::Executor;
use super::probe::Probe;
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;

/// The wait after the first probe that fails.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Probes Redis until the lifecycle stops: now and then while it serves, with backoff and jitter
/// while it does not. Readiness follows.
pub(super) async fn run(
    executor: Arc<Executor>,
    probe: Probe,
    dependency: Dependency,
    lifecycle: Lifecycle,
) {
    let check = HealthCheck {
        backoff: Backoff::new(FIRST_WAIT, executor.settings.max_backoff),
        executor,
        probe,
        dependency,
        told: String::new(),
    };
    tokio::select! {
        () = check.run() => {}
        () = lifecycle.stopping() => {}
    }
}

struct HealthCheck {
    executor: Arc<Executor>,
    probe: Probe,
    dependency: Dependency,
    backoff: Backoff,
    /// The last refusal of a command that the log tells.
    told: String,
}

impl HealthCheck {
    async fn run(mut self) {
        let executor = Arc::clone(&self.executor);
        loop {
            let refusal = executor.refusals.take();
            let outcome = executor.probe(&self.probe).await;
            // One that refuses writes answers: reads go on, and what it refuses it refuses at once.
            let answers = matches!(outcome, Ok(()) | Err(RedisError::Refused(_)));
            if answers {
                executor.breaker.close();
            } else {
                executor.breaker.trip();
            }
            executor.metrics.answers(answers);
            let pause = match &outcome {
                Ok(()) => {
                    self.dependency.ready();
                    self.tell(refusal);
                    let interval = executor.settings.check_interval;
                    interval.mul_f64(rand::rng().random_range(0.9..=1.1))
                }
                Err(error) => {
                    self.dependency.not_ready(error.to_string());
                    self.backoff.failure()
                }
            };
            let serves = outcome.is_ok();
            tokio::select! {
                () = executor.breaker.opened(), if answers => {
                    executor.metrics.answers(false);
                    self.dependency.not_ready("Redis does not answer");
                }
                // Whether it refuses all that is written, is seen soon.
                () = executor.refusals.came(), if serves => sleep(self.backoff.failure()).await,
                () = sleep(pause) => if serves {
                    self.backoff.success();
                },
            }
        }
    }

    /// Says what was refused, though the probe is not.
    fn tell(&mut self, refusal: Option<String>) {
        if let Some(reason) = refusal
            && reason != self.told
        {
            tracing::warn!(reason, "Redis refuses a command");
            self.told = reason;
        }
    }
}

#[cfg(test)]
mod tests {
    use testing::{RedisServer, TestLifecycle, eventually, has_redis};

    use super::*;
    use crate::{Address, Command, Policy, RedisClient, RedisSettings, Topology};

    #[tokio::test]
    async fn a_store_without_a_function_is_not_ready_and_says_which() {
        if !has_redis("a_store_without_a_function_is_not_ready_and_says_which") {
            return;
        }
        let server = RedisServer::start(&[]).await;
        let settings = RedisSettings {
            nodes: vec![Address::Tcp("127.0.0.1".to_owned(), server.port())],
            database: 0,
            tls: None,
            topology: Topology::Node,
            username: None,
            password: None,
            sentinel_password: None,
            connections: 1,
            max_commands: 1,
            connect_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            check_interval: Duration::from_secs(1),
            max_backoff: Duration::from_secs(1),
        };
        let lifecycle = TestLifecycle::default();
        let functions = &["cjson.encode", "redis.nothing", "nowhere.at_all"];
        let probe = Probe::new("{test}:probe", functions);
        let client = RedisClient::new(settings, Policy::FailFast, probe, lifecycle.lifecycle());
        let reason = eventually("a probe", async || {
            let report = lifecycle.lifecycle().readiness().report();
            let reason = report.checks[0].reason.clone();
            reason.filter(|reason| reason != "not seen yet")
        })
        .await;
        let expected = "this Redis lacks what is needed: redis.nothing, nowhere.at_all";
        assert_eq!(reason, expected);
        let asked = client.unwrap().query::<()>(&Command::read("PING")).await;
        assert!(
            matches!(asked, Err(RedisError::Unavailable(_))),
            "{asked:?}"
        );
    }
}

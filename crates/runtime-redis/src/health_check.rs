//! Checks whether Redis answers, and tells the breaker and the service's readiness.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use super::command::Command;
use super::executor::Executor;
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;

/// The wait after the first probe that fails.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Probes Redis until the lifecycle stops: now and then while it answers, with backoff and jitter
/// while it does not. Readiness follows.
pub(super) async fn run(
    executor: Arc<Executor>,
    probe: Command,
    dependency: Dependency,
    lifecycle: Lifecycle,
) {
    let checking = async {
        let mut backoff = Backoff::new(FIRST_WAIT, executor.settings.max_backoff);
        loop {
            match executor.probe(&probe).await {
                Ok(_) => {
                    backoff.success();
                    executor.breaker.close();
                    executor.metrics.answers(true);
                    dependency.ready();
                    until_it_fails(&executor, &probe).await;
                    executor.metrics.answers(false);
                    dependency.not_ready("Redis does not answer");
                }
                Err(error) => {
                    dependency.not_ready(error.to_string());
                    tokio::time::sleep(backoff.failure()).await;
                }
            }
        }
    };
    tokio::select! {
        () = checking => {}
        () = lifecycle.stopping() => {}
    }
}

/// Returns when Redis does not answer any more.
async fn until_it_fails(executor: &Executor, probe: &Command) {
    loop {
        let pause = executor.settings.check_interval;
        let pause = pause.mul_f64(rand::rng().random_range(0.9..=1.1));
        tokio::select! {
            () = executor.breaker.opened() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = executor.probe(probe).await {
            tracing::debug!(%error, "a probe of Redis failed");
            executor.breaker.trip();
            return;
        }
    }
}

//! Who looks whether Redis is there, and lets the others know.

use std::time::Duration;

use rand::Rng;

use super::client::Shared;
use super::command::Command;
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;

/// The first wait after a look in vain.
const FIRST: Duration = Duration::from_millis(50);

/// Looks after Redis until the lifecycle stops: now and then while it answers, with backoff and jitter
/// while it does not. Readiness follows.
pub(super) async fn keep(
    shared: std::sync::Arc<Shared>,
    look: Command,
    dependency: Dependency,
    lifecycle: Lifecycle,
) {
    let looking = async {
        let mut backoff = Backoff::new(FIRST, shared.settings.max_backoff);
        loop {
            match shared.attempt(&look).await {
                Ok(_) => {
                    backoff.success();
                    shared.breaker.close();
                    shared.metrics.answers(true);
                    dependency.ready();
                    watch(&shared, &look).await;
                    shared.metrics.answers(false);
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
        () = looking => {}
        () = lifecycle.stopping() => {}
    }
}

/// Returns when Redis does not answer any more.
async fn watch(shared: &Shared, look: &Command) {
    loop {
        let pause = shared.settings.check_interval;
        let pause = pause.mul_f64(rand::rng().random_range(0.9..=1.1));
        tokio::select! {
            () = shared.breaker.opened() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = shared.attempt(look).await {
            tracing::debug!(%error, "a look at Redis in vain");
            shared.breaker.trip();
            return;
        }
    }
}

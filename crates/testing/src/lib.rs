//! For the tests of services: a lifecycle without signals, captured spans, waiting on a condition.

mod authority;
mod captured_output;
mod collector;
mod plain;
mod ports;
mod process;
mod python;
mod redis;
mod rng;
mod server;
mod silence;
mod skip;
mod spans;
mod wakes;

pub use authority::{Authority, Signed};
pub use captured_output::CapturedOutput;
pub use collector::Collector;
pub use nix::sys::signal::Signal;
pub use plain::{blocking, plain_client};
pub use process::{Lines, Process};
pub use python::{has_python, python};
pub use redis::{RedisCluster, RedisSentinel, RedisServer, has_redis};
pub use rng::SeededRng;
pub use server::{TestServer, read_to_end};
pub use silence::Silence;
pub use skip::{not_installed, skipped, this_test};
pub use spans::{CapturedSpan, Spans, TraceParent};
pub use wakes::Wakes;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use self::ports::{Ports, is_free};
use runtime::Lifecycle;
use runtime::Service;
use runtime::metrics::Metrics;
use runtime::settings::Inputs;

/// A lifecycle that ends when the test says so, and not by signals.
#[derive(Clone, Debug)]
pub struct TestLifecycle(Lifecycle);

impl Default for TestLifecycle {
    fn default() -> Self {
        Self(Lifecycle::new(Metrics::new("test", "0.0.0")))
    }
}

impl TestLifecycle {
    /// What the service is handed.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.0
    }

    /// First stage of the end: told, not ready any more, still serving.
    pub fn drain(&self) {
        self.0.drain();
    }

    /// Second stage: nothing new is accepted.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Ends the lifecycle; what still runs after the deadline is cut. Returns how much that was.
    pub async fn end(&self, deadline: Duration) -> usize {
        self.0.finish(deadline).await
    }
}

/// What a service reads where the environment has these variables and no others.
///
/// # Panics
/// If it refuses them.
#[expect(clippy::expect_used, reason = "a refused setting fails the test")]
pub fn settings<S: Service>(environment: &[(&str, &str)]) -> S::Settings {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment = environment.iter().map(owned).collect();
    let inputs = Inputs {
        environment,
        ..Inputs::default()
    };
    runtime::settings_from::<S>(inputs).expect("settings that can be read")
}

/// Serves on a free port: its address, and the lifecycle that ends it.
///
/// # Panics
/// If the machine has no free port.
#[expect(clippy::expect_used, reason = "a bound listener has an address")]
pub async fn serving<F>(
    serve: impl FnOnce(TcpListener, Lifecycle) -> F,
) -> (SocketAddr, TestLifecycle)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let (listener, lifecycle) = (listener().await, TestLifecycle::default());
    let address = listener.local_addr().expect("a bound address");
    let serving = serve(listener, lifecycle.lifecycle().clone());
    lifecycle.lifecycle().spawn(serving);
    (address, lifecycle)
}

/// A listener on a free port of this machine.
///
/// # Panics
/// If the machine has no free port.
#[expect(clippy::expect_used, reason = "a test without a port cannot go on")]
pub async fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a free port")
}

/// A free address for a process that is started later, or again and again.
pub fn address() -> SocketAddr {
    static PORTS: Ports = Ports::new(12_000, 10, 900);
    SocketAddr::from(([127, 0, 0, 1], PORTS.find(is_free)))
}

/// Waits until a condition holds, asking again and again.
///
/// # Panics
/// If it does not hold within half a minute, which is far beyond what any machine needs.
#[expect(clippy::panic, reason = "a condition that never holds fails the test")]
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    asked
        .await
        .unwrap_or_else(|_| panic!("never came to pass: {what}"))
}

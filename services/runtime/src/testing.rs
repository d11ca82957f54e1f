//! For the tests of services: a life without signals, captured spans, waiting on a condition.

mod collector;
mod dice;
mod printed;
mod process;
mod python;
mod redis;
mod spans;

pub use collector::Collector;
pub use dice::Dice;
pub use nix::sys::signal::Signal;
pub use printed::Printed;
pub use process::Process;
pub use python::python;
pub use redis::{RedisCluster, RedisSentinel, RedisServer, has_redis};
pub use spans::{CapturedSpan, Spans, TraceParent};

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;

use crate::life::Life;
use crate::metrics::Metrics;
use crate::service::Service;
use crate::settings::{Inputs, Settings, Source};

/// A life that ends when the test says so, and not by signals.
#[derive(Clone, Debug)]
pub struct TestLife(Life);

impl Default for TestLife {
    fn default() -> Self {
        Self(Life::new(Metrics::new("test", "0.0.0")))
    }
}

impl TestLife {
    /// What the service is handed.
    pub fn life(&self) -> &Life {
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

    /// Ends the life; what still runs after the deadline is cut. Returns how much that was.
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
    let source = Source::load(S::DEFAULTS, inputs).expect("settings that can be loaded");
    S::Settings::read(&source).expect("settings that can be read")
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
///
/// Its port is below the range from which systems give ports to clients: one of theirs could be a
/// client's by the time the process listens.
pub fn address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 12_000;
    // Test processes that run at once have ids near each other, and so other windows.
    const WINDOWS: u16 = 80;
    const WINDOW: u16 = 220;
    let window = u16::try_from(std::process::id() % u32::from(WINDOWS)).unwrap_or_default();
    loop {
        let port = FIRST + window * WINDOW + NEXT.fetch_add(1, Ordering::Relaxed) % WINDOW;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
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

//! A client that retries while its server is away, logs why, and shows that its loop moves.

use std::time::Duration;

use tokio::time::Instant;

use super::{TcpClient, TcpClientError};
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::liveness::Pulse;
use runtime::readiness::Dependency;
use runtime::settings::{HOUR, within};

/// How long a client tries.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Patience {
    /// Longest time between two tries while the server is away
    #[arg(default_value = "10s", value_parser = within(FIRST_WAIT..=HOUR))]
    pub max_backoff: Duration,
    /// How long to go on trying before a request is given up
    #[arg(default_value = "1m", value_parser = within(Duration::ZERO..=HOUR))]
    pub give_up_after: Duration,
}

/// The shortest wait between two tries.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// A client that retries. Its server is a dependency, its loop has a pulse.
#[derive(Debug)]
pub struct RetryingClient {
    client: TcpClient,
    patience: Patience,
    server: Dependency,
    pulse: Pulse,
    lifecycle: Lifecycle,
}

impl RetryingClient {
    /// A caller whose readiness depends on its server, which `/readyz` calls `name`.
    pub fn new(
        client: TcpClient,
        patience: Patience,
        name: &'static str,
        lifecycle: Lifecycle,
    ) -> Self {
        let longest_silence = client.timeout() + patience.max_backoff + MARGIN;
        Self {
            server: lifecycle.readiness().require(name),
            pulse: lifecycle.liveness().pulse("calls", longest_silence),
            client,
            patience,
            lifecycle,
        }
    }

    /// Takes the server for present until a call tells otherwise: who waits for a person to type
    /// is ready to be typed to.
    pub fn presume_ready(&self) {
        self.server.ready();
    }

    /// Calls until there is an answer, the patience ends or the service is told to end. Each
    /// failure but the last is told in the log; the last is returned.
    pub async fn call(&self, request: &[u8]) -> Result<Vec<u8>, TcpClientError> {
        let until = Instant::now() + self.patience.give_up_after;
        let mut backoff = Backoff::new(FIRST_WAIT, self.patience.max_backoff);
        loop {
            self.pulse.beat();
            let error = match self.client.call(request).await {
                Ok(answer) => {
                    self.server.ready();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            self.server.not_ready(error.to_string());
            let wait = backoff.failure();
            if Instant::now() + wait > until || self.lifecycle.is_draining() {
                return Err(error);
            }
            tracing::warn!(%error, retry_in = ?wait, "no answer");
            tokio::select! {
                () = self.lifecycle.draining() => return Err(error),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Waits this long and shows all the while that the loop moves. False once the service is
    /// told to end.
    pub async fn rest(&self, duration: Duration) -> bool {
        let until = Instant::now() + duration;
        while Instant::now() < until {
            self.pulse.beat();
            tokio::select! {
                biased;
                () = self.lifecycle.draining() => return false,
                () = tokio::time::sleep_until(until.min(Instant::now() + BEAT)) => {}
            }
        }
        !self.lifecycle.is_draining()
    }
}

/// Beyond the longest silence, so that a slow machine does not look dead.
const MARGIN: Duration = Duration::from_secs(10);

/// How often a loop that waits shows that it moves.
const BEAT: Duration = Duration::from_secs(5);

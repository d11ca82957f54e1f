//! One service's process, again and again, until told to stop.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use runtime::Lifecycle;
use tokio_util::sync::CancellationToken;

use super::child::{Child, LineSource};
use super::exit::Exit;
use super::output::Output;
use super::restart::Restart;
use super::status::StatusRegistry;
use crate::plan::Planned;

/// Keeps one service running.
#[derive(Debug)]
pub struct Keeper {
    /// The program that is every service.
    pub program: PathBuf,
    /// The service.
    pub planned: Planned,
    /// Where its state is written.
    pub registry: StatusRegistry,
    /// Where its lines go.
    pub output: Output,
    /// The lab's lifecycle.
    pub lifecycle: Lifecycle,
    /// How long it gets to end before it is killed.
    pub grace: Duration,
}

/// How long a service waits at the start for those that it asks to be ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// How one run of the process came to its end.
enum Run {
    /// It died.
    Died(Exit, Duration),
    /// It was stopped.
    Stopped,
}

impl Keeper {
    /// Runs until told to stop, and until the process is gone then.
    pub async fn run(self, stop: CancellationToken) {
        let mut restart = Restart::default();
        // Any order works; this one spares the first lines a complaint.
        let asked = self.registry.until_ready(&self.planned.asks);
        tokio::select! {
            _ = tokio::time::timeout(PATIENCE, asked) => {}
            () = stop.cancelled() => {
                self.registry.stopped(self.planned.name);
                return;
            }
        }
        loop {
            let Run::Died(exit, ran) = self.run_once(&stop).await else {
                return;
            };
            let name = self.planned.name;
            if exit.is_final() {
                self.output
                    .say(format!("{name} {exit}; not started again"))
                    .await;
                self.registry.failed(name, exit.to_string());
                stop.cancelled().await;
                return;
            }
            let wait = restart.wait(ran);
            let seconds = wait.as_secs_f32();
            self.output
                .say(format!("{name} {exit}; starting again in {seconds:.1} s"))
                .await;
            self.registry.died(name, exit.to_string());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => {
                    self.registry.stopped(name);
                    return;
                }
            }
        }
    }

    async fn run_once(&self, stop: &CancellationToken) -> Run {
        let name = self.planned.name;
        let number = self.registry.index_of(name);
        let source = LineSource {
            name,
            number,
            output: self.output.clone(),
        };
        let started = Instant::now();
        let mut child = match Child::start(&self.program, &self.planned, &source, &self.lifecycle) {
            Ok(child) => child,
            Err(error) => return Run::Died(Exit::NotStarted(error), Duration::ZERO),
        };
        self.registry.started(name, child.pid());
        tokio::select! {
            exit = child.ended() => return Run::Died(exit, started.elapsed()),
            () = stop.cancelled() => {}
        }
        self.registry.stopping(name);
        let (exit, killed) = child.stop(self.grace).await;
        let grace = self.grace.as_secs();
        let said = match exit {
            _ if killed => format!("{name} did not end within {grace} s and was killed"),
            Exit::Ended(status) if status.success() => format!("{name} stopped"),
            exit => format!("{name} {exit}"),
        };
        self.output.say(said).await;
        self.registry.stopped(name);
        Run::Stopped
    }
}

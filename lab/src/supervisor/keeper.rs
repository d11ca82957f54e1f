//! One service's process, again and again, until told to stop.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use runtime::Lifecycle;
use tokio_util::sync::CancellationToken;

use super::child::{Child, LineSource};
use super::control::{Order, OrdersOfOne};
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
    /// Services that are to be ready before it starts.
    pub waits_for: Vec<&'static str>,
    /// Whether it is left out until somebody starts it.
    pub is_absent: bool,
    /// Where its state is written.
    pub registry: StatusRegistry,
    /// Where its lines go.
    pub output: Output,
    /// The lab's lifecycle.
    pub lifecycle: Lifecycle,
    /// How long it gets to end before it is killed.
    pub grace: Duration,
    /// What it is told beside the lab's end.
    pub(super) orders: OrdersOfOne,
}

/// How long a service waits at the start for those that it asks to be ready.
const PATIENCE: Duration = Duration::from_secs(3);

/// How one run of the process came to its end.
enum Run {
    /// It died.
    Died(Exit, Duration),
    /// It is down as somebody wanted it.
    Down,
    /// The lab ends.
    Stopped,
}

impl Keeper {
    /// Runs until told to stop, and until the process is gone then.
    pub async fn run(mut self, stop: CancellationToken) {
        let name = self.planned.name;
        let mut restart = Restart::default();
        let mut is_wanted = !self.is_absent;
        // Any order works; this one spares the first lines a complaint.
        let asked = self.registry.until_ready(&self.waits_for);
        tokio::select! {
            _ = tokio::time::timeout(PATIENCE, asked), if is_wanted => {}
            () = stop.cancelled() => return self.registry.stopped(name),
            () = std::future::ready(()), if !is_wanted => {}
        }
        loop {
            if !is_wanted && !self.until_started(&stop).await {
                return self.registry.ended(name);
            }
            is_wanted = match self.run_once(&stop).await {
                Run::Stopped => return,
                Run::Down => false,
                Run::Died(exit, _) if exit.is_final() => {
                    self.say(format!("{name} {exit}; not started again")).await;
                    self.registry.failed(name, exit.to_string());
                    false
                }
                Run::Died(exit, ran) => {
                    let wait = restart.wait(ran);
                    let seconds = wait.as_secs_f32();
                    self.say(format!("{name} {exit}; starting again in {seconds:.1} s"))
                        .await;
                    self.registry.died(name, exit.to_string());
                    tokio::select! {
                        is_wanted = self.pause(wait) => is_wanted,
                        () = stop.cancelled() => return self.registry.stopped(name),
                    }
                }
            };
        }
    }

    async fn say(&self, line: String) {
        self.output.say(line).await;
    }

    /// Waits until somebody has it started; says whether that was before the lab's end.
    async fn until_started(&mut self, stop: &CancellationToken) -> bool {
        loop {
            tokio::select! {
                () = stop.cancelled() => return false,
                order = self.orders.next() => if matches!(order, Order::Start) {
                    return true;
                },
            }
        }
    }

    /// Waits before it starts again; says whether it is to.
    async fn pause(&mut self, wait: Duration) -> bool {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                order = self.orders.next() => match order {
                    Order::Start => return true,
                    Order::Stop | Order::Kill { stays_down: true } => {
                        self.registry.stopped(self.planned.name);
                        return false;
                    }
                    Order::Kill { .. } | Order::Freeze | Order::Resume => {}
                },
            }
        }
    }

    async fn run_once(&mut self, stop: &CancellationToken) -> Run {
        let name = self.planned.name;
        let number = self.registry.index_of(name);
        let source = LineSource {
            name,
            number,
            output: self.output.clone(),
        };
        let started = Instant::now();
        let planned = self.orders.planned(&self.planned);
        let mut child = match Child::start(&self.program, &planned, &source, &self.lifecycle) {
            Ok(child) => child,
            Err(error) => return Run::Died(Exit::NotStarted(error), Duration::ZERO),
        };
        self.registry.started(name, child.pid());
        let (mut stays_down, mut is_frozen) = (false, false);
        loop {
            let order = tokio::select! {
                exit = child.ended() => {
                    if !stays_down {
                        return Run::Died(exit, started.elapsed());
                    }
                    self.say(format!("{name} {exit}; it stays down for now")).await;
                    self.registry.down(name, exit.to_string());
                    return Run::Down;
                }
                () = stop.cancelled() => break,
                order = self.orders.next() => order,
            };
            match order {
                Order::Start => {}
                Order::Stop => {
                    self.stop(&mut child, is_frozen).await;
                    return Run::Down;
                }
                Order::Kill { stays_down: stays } => {
                    stays_down = stays;
                    child.signal(Signal::SIGKILL);
                }
                Order::Freeze => {
                    is_frozen = true;
                    child.signal(Signal::SIGSTOP);
                    self.registry.frozen(name, child.pid(), true);
                    self.say(format!("{name} is frozen (SIGSTOP)")).await;
                }
                Order::Resume => {
                    is_frozen = false;
                    child.signal(Signal::SIGCONT);
                    self.registry.frozen(name, child.pid(), false);
                    self.say(format!("{name} goes on (SIGCONT)")).await;
                }
            }
        }
        self.stop(&mut child, is_frozen).await;
        Run::Stopped
    }

    /// Stops the process in order. One that the lab itself froze goes on first: it could not end.
    async fn stop(&self, child: &mut Child, is_frozen: bool) {
        let name = self.planned.name;
        if is_frozen {
            child.signal(Signal::SIGCONT);
        }
        self.registry.stopping(name);
        let (exit, killed) = child.stop(self.grace).await;
        let grace = self.grace.as_secs();
        let said = match exit {
            _ if killed => format!("{name} did not end within {grace} s and was killed"),
            Exit::Ended(status) if status.success() => format!("{name} stopped"),
            exit => format!("{name} {exit}"),
        };
        self.say(said).await;
        self.registry.stopped(name);
    }
}

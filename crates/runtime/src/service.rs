//! A process's lifecycle, top to bottom.

use std::ffi::OsString;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, Command};
use tokio::runtime::{Builder, Runtime};

use crate::admin::{self, Build};
use crate::error::Error;
use crate::http::{self, HttpLimits};
use crate::http_client::HttpClientMetrics;
use crate::lifecycle::Lifecycle;
use crate::memory::{self, MemoryBudget};
use crate::metrics::Metrics;
use crate::net;
use crate::settings::{self, HOUR, Inputs, Settings, SettingsError, Source, bytes, parse, within};
use crate::signals::{Ending, Signals};
use crate::telemetry::{Telemetry, TelemetryOptions, TelemetrySettings};

/// A program that runs until it is told to end.
pub trait Service: Send + 'static {
    /// Its name, everywhere: program, image, `service.name`.
    const NAME: &'static str;
    /// One line on what it does, for `--help`.
    const ABOUT: &'static str;
    /// Its version.
    const VERSION: &'static str;
    /// Its settings, read before anything starts.
    type Settings: Settings;
    /// What can end it before its time.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The program's own defaults and texts for settings that are declared elsewhere.
    fn declare(command: Command) -> Command {
        command
    }

    /// Whether it must not run without its admin port. A program that a person runs for a moment
    /// can do without, where another one on the same machine has the port.
    fn needs_admin(settings: &Self::Settings) -> bool {
        let _ = settings;
        true
    }

    /// The part that this process plays, where one program plays several: the `service.name` of
    /// its telemetry, unless `OTEL_SERVICE_NAME` says otherwise.
    fn part(settings: &Self::Settings) -> Option<String> {
        let _ = settings;
        None
    }

    /// Runs until [`Lifecycle::stopping`], or until there is nothing left to do.
    fn run(
        settings: Self::Settings,
        lifecycle: Lifecycle,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Runs a service by this process's arguments and environment.
pub fn main<S: Service>() -> ExitCode {
    main_with::<S>(std::env::args_os().skip(1))
}

/// The same with other arguments, as the lab does, whose own first argument is the service.
pub fn main_with<S: Service>(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match whole_life::<S>(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Settings(SettingsError::Usage(usage))) => print(S::NAME, &usage),
        Err(error) => {
            report(S::NAME, &error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints what clap says: `--help` and `--version` on stdout, what is wrong on stderr.
fn print(name: &str, usage: &clap::Error) -> ExitCode {
    match usage.print() {
        _ if usage.use_stderr() => ExitCode::from(2),
        // Whoever reads it may have seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            report(name, &format!("nothing can be printed: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The last word of a process that ends before its time.
#[expect(
    clippy::print_stderr,
    reason = "logs may not be set up yet, or be ended already"
)]
fn report(name: &str, why: &str) {
    eprintln!("{name}: {why}");
}

fn whole_life<S: Service>(args: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    let build = Build {
        name: S::NAME,
        version: S::VERSION,
        commit: option_env!("MALHA_COMMIT"),
    };
    let Build { name, version, .. } = build;
    let (command, environment) = (command::<S>(), settings::environment());
    let unused = settings::undeclared(&command, &environment, "OTEL_");
    let source = settings::invocation(command, args, environment)?;
    let settings: S::Settings = source.read()?;
    let common: CommonSettings = source.group()?;
    let telemetry: TelemetryOptions = source.group()?;

    let part = S::part(&settings);
    let metrics = Metrics::new(part.as_deref().unwrap_or(name), version);
    metrics.show_process();
    // HTTP's metrics are announced also before the first server or client.
    metrics.set::<http::HttpServerMetrics>();
    metrics.set::<HttpClientMetrics>();
    let telemetry = TelemetrySettings::from(telemetry)
        .playing(part)
        .not_using(&unused);
    let telemetry = Telemetry::start(build, &telemetry, &metrics)?;
    tracing::debug!(settings = source.shown(), "settings");
    let outcome = threads().map_err(Error::Runtime).and_then(|runtime| {
        let memory = common.memory();
        let lifecycle = Lifecycle::with_memory(metrics, memory);
        let outcome = runtime.block_on(run::<S>(settings, common, lifecycle, build));
        // What still blocks a thread, such as a read of a terminal, must not hold the exit.
        runtime.shutdown_background();
        outcome
    });
    if let Err(error) = &outcome {
        tracing::error!(%error, code = error.code(), "ended before its time");
    }
    // Last, and outside of the async runtime: see docs/architecture.md.
    telemetry.finish();
    outcome
}

/// The threads that all of it runs on, which give memory back before they wait.
fn threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .enable_all()
        .on_thread_park(malloc_trim::before_waiting)
        .build()
}

/// What the lifecycle itself needs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings of every service")]
struct CommonSettings {
    /// TOML file with settings (lower-case names), read before the environment
    #[arg(value_parser = parse::<String>)]
    config_file: Option<String>,
    /// Address of the probes and metrics: /livez, /readyz, /metrics, /version
    #[arg(default_value = "[::]:9464", value_parser = parse::<SocketAddr>)]
    admin_listen: SocketAddr,
    /// How long to go on serving after SIGTERM while load balancers take this instance out (SIGINT
    /// skips it)
    #[arg(default_value = "5s", value_parser = within(Duration::ZERO..=HOUR))]
    drain_delay: Duration,
    /// How long running work may take to finish after that; what is left is cut
    #[arg(default_value = "20s", value_parser = within(Duration::ZERO..=HOUR))]
    drain_timeout: Duration,
    /// Memory that connections and unfinished requests may hold together, as it is counted; the
    /// newest beyond it are refused; empty: half of the process's memory limit (cgroup), also when
    /// that changes, or 512MiB where there is none
    #[arg(value_parser = bytes(ByteSize::mib(1)..=ByteSize::tib(1)))]
    memory_budget: Option<usize>,
    /// End when standard input ends, as when the process that started this one is gone
    #[arg(default_value = "false", value_parser = parse::<bool>)]
    exit_with_stdin: bool,
}

impl CommonSettings {
    fn memory(&self) -> MemoryBudget {
        self.memory_budget
            .map_or_else(MemoryBudget::default, MemoryBudget::of)
    }
}

/// All that a program can be told: its own settings, then those of every program.
pub fn command<S: Service>() -> Command {
    let command = Command::new(S::NAME).next_help_heading("Settings");
    let command = S::Settings::augment_args(command);
    let command = TelemetryOptions::augment_args(CommonSettings::augment_args(command));
    // Last, for each group of settings would put its own comment there.
    let command = command.version(S::VERSION).about(S::ABOUT);
    S::declare(command.long_about(None::<&str>))
}

/// What a program reads from these inputs.
pub fn settings_from<S: Service>(inputs: Inputs) -> Result<S::Settings, SettingsError> {
    Source::load(command::<S>(), inputs)?.read()
}

async fn run<S: Service>(
    settings: S::Settings,
    common: CommonSettings,
    lifecycle: Lifecycle,
    build: Build,
) -> Result<(), Error> {
    // Before all else: a process 1 without a handler would ignore SIGTERM.
    let mut signals = Signals::listen(common.exit_with_stdin).map_err(Error::Signals)?;
    lifecycle.readiness().starting();
    lifecycle.metrics().show_state(lifecycle.readiness());
    lifecycle.metrics().show_memory(lifecycle.memory());
    if common.memory_budget.is_none() {
        let own = lifecycle.clone();
        lifecycle.spawn(async move {
            tokio::select! {
                biased;
                () = own.stopping() => {}
                () = memory::follow_limit(own.memory().clone()) => {}
            }
        });
    }
    lifecycle.spawn(memory::give_back_growth(lifecycle.clone()));
    let admin_life = match serve_admin(common.admin_listen, &lifecycle, build) {
        Ok(admin_life) => Some(admin_life),
        Err(error) if S::needs_admin(&settings) => return Err(error),
        Err(error) => {
            tracing::info!(%error, "no admin port");
            None
        }
    };

    let mut running = lifecycle.spawn(set_up(
        S::run(settings, lifecycle.clone()),
        lifecycle.clone(),
    ));
    let ending = tokio::select! {
        biased;
        ending = signals.next() => ending,
        outcome = &mut running => {
            finish(&lifecycle, &mut signals, common.drain_timeout).await;
            return service_outcome(outcome);
        }
    };
    tracing::info!(reason = ?ending, "draining");
    lifecycle.drain();
    let mut outcome = None;
    if ending == Ending::Terminate {
        tokio::select! {
            () = tokio::time::sleep(common.drain_delay) => {}
            ended = &mut running => outcome = Some(ended), // a client has nobody to wait for
            again = signals.next() => exit_at_once(again),
        }
    }
    finish(&lifecycle, &mut signals, common.drain_timeout).await;
    // Up to here the probes were answered; spans are flushed without them.
    drop(admin_life);
    match outcome {
        Some(outcome) => service_outcome(outcome),
        None if running.is_finished() => service_outcome(running.await),
        None => Ok(()), // cut at the deadline, and said so
    }
}

/// Runs a service, which counts as started when it first waits for something: by then it listens
/// and has declared what it needs, so that no probe finds it ready before.
async fn set_up<F: Future>(run: F, lifecycle: Lifecycle) -> F::Output {
    let mut run = pin!(run);
    let first = poll_fn(|context| Poll::Ready(run.as_mut().poll(context))).await;
    lifecycle.readiness().started();
    match first {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => run.await,
    }
}

/// Lets what runs come to its end, and says what did not.
async fn finish(lifecycle: &Lifecycle, signals: &mut Signals, deadline: Duration) {
    tokio::select! {
        left = lifecycle.finish(deadline) => match left {
            0 => tracing::info!("drained"),
            left => tracing::warn!(left, ?deadline, "drain deadline passed; tasks cut"),
        },
        again = signals.next() => exit_at_once(again),
    }
}

/// A second signal: whoever sends it does not want to wait, not even for spans.
fn exit_at_once(again: Ending) -> ! {
    tracing::warn!(reason = ?again, "told a second time; ending at once");
    std::process::exit(again.exit_code())
}

fn service_outcome<E: std::error::Error + Send + Sync + 'static>(
    outcome: Result<Result<(), E>, tokio::task::JoinError>,
) -> Result<(), Error> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Error::Service(Box::new(error))),
        Err(join) => Err(Error::Service(Box::new(join))),
    }
}

/// Answers probes on a lifecycle of its own, which outlasts the service's.
fn serve_admin(
    address: SocketAddr,
    lifecycle: &Lifecycle,
    build: Build,
) -> Result<Lifecycle, Error> {
    let listener = net::bind("ADMIN_LISTEN", address)?;
    let admin_life = Lifecycle::new(Metrics::new(build.name, build.version));
    let (routes, own) = (admin::routes(lifecycle.clone(), build), admin_life.clone());
    admin_life.spawn(async move {
        http::serve_untraced("admin", listener, routes, HttpLimits::of_admin(), &own).await;
    });
    Ok(admin_life)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;

    use tokio::task;

    use super::*;

    /// How often which task has given back what its thread keeps.
    static DONE: Mutex<Option<HashMap<task::Id, usize>>> = Mutex::new(None);

    fn collect() {
        let mut done = DONE.lock().unwrap();
        let done = done.get_or_insert_default().entry(task::id()).or_default();
        *done += 1;
    }

    #[test]
    fn every_worker_gives_back_what_it_keeps_also_one_that_waits_already() {
        malloc_trim::collect_by(collect);
        let runtime = threads().unwrap();
        let workers = runtime.metrics().num_workers();
        runtime.block_on(async {
            let lifecycle = Lifecycle::new(Metrics::new("test", "0"));
            let all = async || {
                memory::give_back(&lifecycle).await;
                let done = DONE.lock().unwrap();
                // A worker is one task for as long as it lives; who asks is another each time.
                let again = done.as_ref()?.values().filter(|count| **count > 1);
                (again.count() >= workers).then_some(())
            };
            testing::eventually("every worker has given back what it keeps", all).await;
        });
    }
}

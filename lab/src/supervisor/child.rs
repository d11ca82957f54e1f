//! One process: its lines, its end.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime::Lifecycle;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStdin, Command};
use tokio::task::JoinHandle;

use super::exit::Exit;
use super::lines::{Lines, Stream};
use super::output::Output;
use crate::plan::{NOT_INHERITED, Planned};

/// A running process.
///
/// Its standard input is its lifeline: it ends when that ends (`EXIT_WITH_STDIN`). So closing it
/// is how it is stopped, and the kernel closes it where the lab itself is killed.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    lifeline: Option<ChildStdin>,
    readers: Vec<JoinHandle<()>>,
}

/// Whose lines they are, and where they go.
#[derive(Clone, Debug)]
pub struct LineSource {
    /// The service.
    pub name: &'static str,
    /// Its index among all services, which gives its colour.
    pub number: usize,
    /// Where its lines go.
    pub output: Output,
}

/// How long the last lines may take after the end: somebody else may hold the pipes open.
const LAST_LINES: Duration = Duration::from_secs(1);

impl Child {
    /// Starts the program as this service.
    pub fn start(
        program: &Path,
        planned: &Planned,
        source: &LineSource,
        lifecycle: &Lifecycle,
    ) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command
            .arg(planned.name)
            .envs(&planned.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in NOT_INHERITED {
            if !planned.environment.contains_key(*name) {
                command.env_remove(name);
            }
        }
        // A group of its own: the terminal's Ctrl-C is for the lab, which stops all in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let mut readers = Vec::new();
        if let Some(out) = process.stdout.take() {
            readers.push(lifecycle.spawn(read(out, source.clone(), Stream::Out)));
        }
        if let Some(err) = process.stderr.take() {
            readers.push(lifecycle.spawn(read(err, source.clone(), Stream::Err)));
        }
        Ok(Self {
            lifeline: process.stdin.take(),
            process,
            readers,
        })
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// Sends it a signal, where it still runs.
    pub fn signal(&self, signal: Signal) {
        let pid = self.pid().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid else { return };
        if let Err(error) = kill(Pid::from_raw(pid), signal) {
            tracing::debug!(%error, %signal, "it ended in the very moment");
        }
    }

    /// Waits for its end and its last lines. Nothing is lost where this is dropped half-way.
    pub async fn ended(&mut self) -> Exit {
        let exit = match self.process.wait().await {
            Ok(status) => Exit::Ended(status),
            Err(error) => Exit::NotStarted(error),
        };
        let last_lines = async {
            for reader in &mut self.readers {
                if let Err(error) = reader.await {
                    tracing::debug!(%error, "lines were lost");
                }
            }
        };
        if tokio::time::timeout(LAST_LINES, last_lines).await.is_err() {
            self.readers.iter().for_each(JoinHandle::abort);
        }
        self.readers.clear();
        exit
    }

    /// Tells it to end; kills it where it has not after this long. Says whether it was killed.
    pub async fn stop(&mut self, grace: Duration) -> (Exit, bool) {
        self.lifeline = None;
        if let Ok(exit) = tokio::time::timeout(grace, self.ended()).await {
            return (exit, false);
        }
        if let Err(error) = self.process.start_kill() {
            tracing::debug!(%error, "it ended in the very moment");
        }
        (self.ended().await, true)
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin, source: LineSource, stream: Stream) {
    let mut lines = Lines::default();
    let mut piece = vec![0; 8 * 1024];
    loop {
        let complete = match pipe.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(length) => lines.take(&piece[..length]),
        };
        for line in complete {
            source
                .output
                .of(source.name, source.number, stream, line)
                .await;
        }
    }
    if let Some(rest) = lines.rest() {
        source
            .output
            .of(source.name, source.number, stream, rest)
            .await;
    }
}

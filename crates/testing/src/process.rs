//! A service as a real process: started, read, signalled, waited for.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::eventually;

/// A running program, killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Its lines on stdout.
    pub stdout: Lines,
    /// Its lines on stderr, JSON where it is a service.
    pub stderr: Lines,
}

/// Lines that a process has written so far.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// All of them.
    pub fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first line that holds this text, once there is one.
    pub async fn containing(&self, text: &str) -> String {
        let what = format!("a line with {text:?}");
        eventually(&what, async || {
            self.all().into_iter().find(|line| line.contains(text))
        })
        .await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "ends with the process whose output it reads"
    )]
    fn follow(output: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let lines = Self::default();
        if let Some(output) = output {
            let kept = lines.clone();
            tokio::spawn(async move {
                let mut output = BufReader::new(output).lines();
                while let Ok(Some(line)) = output.next_line().await {
                    kept.0
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line);
                }
            });
        }
        lines
    }
}

impl Process {
    /// Starts a service with these settings on free ports of this machine. Its standard input
    /// stays open.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn start(program: &str, settings: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(program), settings)
    }

    /// The same for a command that becomes the service.
    ///
    /// # Panics
    /// If it cannot be started.
    #[expect(
        clippy::expect_used,
        reason = "a test without its program cannot go on"
    )]
    pub fn spawn(mut command: Command, settings: &[(&str, &str)]) -> Self {
        let mut environment: HashMap<&str, &str> = [
            ("LISTEN", "127.0.0.1:0"),
            ("ADMIN_LISTEN", "127.0.0.1:0"),
            ("DRAIN_DELAY", "0s"),
        ]
        .into();
        environment.extend(settings.iter().copied());
        let mut child = command
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let stdout = Lines::follow(child.stdout.take());
        let stderr = Lines::follow(child.stderr.take());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// The address that it listens on by this setting, once it does.
    ///
    /// # Panics
    /// If it says something else than an address.
    #[expect(clippy::expect_used, reason = "a wrong line fails the test")]
    pub async fn address(&self, setting: &str) -> SocketAddr {
        let line = self
            .stderr
            .containing(&format!("\"setting\":\"{setting}\""))
            .await;
        let line: serde_json::Value = serde_json::from_str(&line).expect("a JSON line");
        line["address"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .expect("an address")
    }

    /// What it says of its readiness: the status, and the report.
    ///
    /// # Panics
    /// If it does not answer, or not in JSON.
    #[expect(clippy::expect_used, reason = "no answer fails the test")]
    pub async fn readyz(&self) -> (u16, serde_json::Value) {
        let url = format!("http://{}/readyz", self.address("ADMIN_LISTEN").await);
        let answer = reqwest::get(url).await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("a report in JSON"))
    }

    /// Waits until it says that it is ready, or that it is not.
    ///
    /// # Panics
    /// If it never says so.
    pub async fn until_ready(&self, ready: bool) {
        let expected = if ready { 200 } else { 503 };
        eventually(&format!("readyz says {expected}"), async || {
            let (status, _) = self.readyz().await;
            (status == expected).then_some(())
        })
        .await;
    }

    /// Its number, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// If the process has ended already.
    #[expect(clippy::expect_used, reason = "a signal to nobody fails the test")]
    pub fn signal(&self, signal: Signal) {
        let id = self
            .child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .expect("a running process");
        kill(Pid::from_raw(id), signal).expect("the signal is sent");
    }

    /// Closes its standard input.
    pub fn close_stdin(&mut self) {
        self.child.stdin = None;
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// If it does not end within a minute.
    #[expect(
        clippy::expect_used,
        reason = "a process that never ends fails the test"
    )]
    pub async fn ended(&mut self) -> ExitStatus {
        let minute = std::time::Duration::from_mins(1);
        let ended = tokio::time::timeout(minute, self.child.wait()).await;
        ended.expect("the process ends").expect("its exit status")
    }
}

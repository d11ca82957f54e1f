//! One of our programs as a process that can be killed, frozen and brought back to its address.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use testing::{Process, Signal, address};

/// A service on an address that it keeps.
#[derive(Debug)]
pub(crate) struct Service {
    program: PathBuf,
    settings: Vec<(String, String)>,
    pub(crate) address: SocketAddr,
    process: Option<Process>,
}

impl Service {
    /// A service that is not started yet, by the name of its program.
    pub(crate) fn new(programs: &Path, name: &str) -> Self {
        let address = address();
        Self {
            program: programs.join(name),
            settings: vec![("LISTEN".to_owned(), address.to_string())],
            address,
            process: None,
        }
    }

    /// Adds a setting for the next start; the last of a name counts.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it, or starts it again.
    pub(crate) fn start(&mut self) {
        let settings = self.settings.iter();
        let settings: Vec<_> = settings.map(|(name, value)| (&**name, &**value)).collect();
        let program = self.program.to_string_lossy();
        self.process = Some(Process::start(&program, &settings));
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn is_ready(&self) {
        if let Some(process) = &self.process {
            process.until_ready(true).await;
        }
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::SIGKILL);
            process.ended().await;
        }
    }

    /// Stops its threads where they are.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    /// The process, as the system numbers it.
    fn id(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    /// Its memory in kilobytes, as far as it is resident.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    /// What a metric counts, over all its labels; none if there is no such metric.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let process = self.process.as_ref()?;
        let url = format!("http://{}/metrics", process.address("ADMIN_LISTEN").await);
        let text = reqwest::get(url).await.ok()?.text().await.ok()?;
        let is_it = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
        };
        text.contains(name).then(|| {
            let values = text.lines().filter(is_it);
            let values = values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
            values.fold(0.0, |sum, value| sum + value)
        })
    }
}

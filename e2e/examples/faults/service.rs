//! One of our programs as a process that can be killed, frozen and brought back to its address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use testing::{Lines, Process, Signal, address, eventually};
use tokio::process::Command;

use crate::control_group::{ControlGroup, Resource};
use crate::names;

/// A service on an address that it keeps.
#[derive(Debug)]
pub(crate) struct Service {
    program: PathBuf,
    settings: Vec<(String, String)>,
    pub(crate) address: SocketAddr,
    process: Option<Process>,
    /// What it may use of the machine, if that is limited.
    group: Option<ControlGroup>,
    /// Where its probes are, if its log does not tell.
    admin: Option<SocketAddr>,
    /// The file that its clock follows, if it is not the machine's.
    clock: Option<PathBuf>,
    /// The files that it sees in `/etc`, if they are not the machine's.
    names: Option<PathBuf>,
}

/// What lets a program see another clock: of the package `faketime`.
pub(crate) const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Of these metrics each label that is not well is a refusal.
const REFUSALS: [&str; 9] = [
    "server_connections_refused_total",
    "server_connections_cut_total",
    "http_server_request_duration_seconds_count",
    "tcp_server_request_duration_seconds_count",
    "rpc_server_call_duration_seconds_count",
    "chat_refused_total",
    "chat_websockets_closed_total",
    "chat_relay_unbelieved_total",
    "lab_exports_refused_total",
];

/// The labels that say why.
const WHY: [&str; 4] = [
    "reason",
    "outcome",
    "rpc_status_code",
    "http_response_status_code",
];

impl Service {
    /// A service that is not started yet, by the name of its program.
    pub(crate) fn new(programs: &Path, name: &str) -> Self {
        let address = address();
        Self {
            program: programs.join(name),
            settings: vec![("LISTEN".to_owned(), address.to_string())],
            address,
            process: None,
            group: None,
            admin: None,
            clock: None,
            names: None,
        }
    }

    /// Gives its probes an address of their own: its log is for people.
    pub(crate) fn with_admin(mut self) -> Self {
        let admin = address();
        self.set("ADMIN_LISTEN", &admin.to_string());
        self.admin = Some(admin);
        self
    }

    /// Lets it look names up as these files say.
    pub(crate) fn look_up_by(&mut self, files: &Path) {
        self.names = Some(files.to_owned());
    }

    /// What it has written so far, on stdout and in its log.
    pub(crate) fn lines(&self) -> Option<(Lines, Lines)> {
        let process = self.process.as_ref()?;
        Some((process.stdout.clone(), process.stderr.clone()))
    }

    /// Lets its clock follow a file, by `libfaketime`; the time that passes stays what it is.
    pub(crate) fn follow_clock(&mut self, clock: PathBuf) {
        self.set("LD_PRELOAD", FAKETIME);
        self.set("FAKETIME_TIMESTAMP_FILE", &clock.to_string_lossy());
        self.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.set("FAKETIME_NO_CACHE", "1");
        self.clock = Some(clock);
    }

    /// Sets its clock so many seconds ahead, or behind.
    pub(crate) fn set_clock(&self, ahead: f64) -> std::io::Result<()> {
        let Some(clock) = &self.clock else {
            return Ok(());
        };
        // Its reader sees the old one or the new one, and never half of it.
        let new = clock.with_extension("new");
        std::fs::write(&new, format!("{ahead:+.3}"))?;
        std::fs::rename(new, clock)
    }

    /// Gives it no more memory than this, as a pod has it. Where this machine lets nobody limit a
    /// process, it is told alone what it would find there: a budget of half.
    pub(crate) fn limit_memory(&mut self, bytes: u64) {
        self.group = ControlGroup::make(Resource::Memory(bytes));
        if self.group.is_none() {
            self.set("MEMORY_BUDGET", &(bytes / 2).to_string());
        }
    }

    /// Gives it no more than so many thousandths of a core. Where this machine lets nobody limit a
    /// process, it has what there is.
    pub(crate) fn limit_cpu(&mut self, thousandths: u32) {
        self.group = ControlGroup::make(Resource::Cpu(thousandths));
    }

    /// Whether it may not use all of the machine.
    pub(crate) fn is_limited(&self) -> bool {
        self.group.is_some()
    }

    /// Adds a setting for the next start; the last of a name counts.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it, or starts it again.
    pub(crate) fn start(&mut self) {
        let settings = self.settings.iter();
        let settings: Vec<_> = settings.map(|(name, value)| (&**name, &**value)).collect();
        let command = match (&self.group, &self.names) {
            (Some(group), _) => group.command(&self.program),
            (None, Some(files)) => names::command(files, &self.program),
            (None, None) => Command::new(&self.program),
        };
        self.process = Some(Process::spawn(command, &settings));
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn is_ready(&self) {
        match (&self.process, self.admin) {
            (Some(_), Some(_)) => {
                let ready = async || {
                    let metrics = self.metrics().await?;
                    metrics.contains("\nservice_ready 1").then_some(())
                };
                eventually("the service is ready", ready).await;
            }
            (Some(process), None) => process.until_ready(true).await,
            (None, _) => {}
        }
    }

    /// Waits until it ends by itself, and whether it failed.
    pub(crate) async fn fails(&mut self) -> bool {
        match self.process.take() {
            Some(mut process) => !process.ended().await.success(),
            None => false,
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

    async fn metrics(&self) -> Option<String> {
        let process = self.process.as_ref()?;
        let admin = match self.admin {
            Some(admin) => admin,
            None => process.address("ADMIN_LISTEN").await,
        };
        let url = format!("http://{admin}/metrics");
        reqwest::get(url).await.ok()?.text().await.ok()
    }

    /// How often it refused something, by the reason that it counts.
    pub(crate) async fn refusals(&self) -> BTreeMap<String, u64> {
        let text = self.metrics().await.unwrap_or_default();
        let mut refusals = BTreeMap::new();
        for line in text.lines() {
            let Some((name, rest)) = line.split_once('{') else {
                continue;
            };
            let Some((labels, value)) = rest.split_once("} ") else {
                continue;
            };
            let count: Option<u64> = value.parse().ok();
            if let (true, Some(why), Some(count)) = (REFUSALS.contains(&name), why(labels), count) {
                *refusals.entry(why.to_owned()).or_default() += count;
            }
        }
        refusals
    }

    /// What in its log is no line of JSON.
    pub(crate) fn wrong_in_log(&self) -> Option<String> {
        if self.admin.is_some() {
            return None;
        }
        let lines = self.process.as_ref()?.stderr.all();
        let is_wrong = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_err();
        let wrong = lines.into_iter().find(is_wrong)?;
        Some(format!("a line of its log is not of its making: {wrong:?}"))
    }

    /// What a metric counts, over all its labels; none if there is no such metric.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.metrics().await?;
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

/// Why something was refused; none where it was not.
fn why(labels: &str) -> Option<&str> {
    let value = |name: &str| {
        let (_, rest) = labels.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0)
    };
    let why = WHY.iter().find_map(|name| value(name))?;
    let is_well =
        matches!(why, "ok" | "OK" | "0" | "by_client" | "gone") || why.starts_with(['1', '2', '3']);
    (!is_well).then_some(why)
}

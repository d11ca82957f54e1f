//! What the system knows of this process, under the names that Prometheus' own clients use.
//!
//! Linux alone: elsewhere there is no `/proc`, and these metrics are absent.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Looked at whenever somebody asks for the metrics.
#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

impl Process {
    /// This process, whose time begins now.
    pub(super) fn starting() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            started: since.unwrap_or_default().as_secs_f64(),
        }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut show = |name: &str, help: &str, metric: &dyn EncodeMetric| {
            let encoder = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(encoder)
        };
        let help = "When the process began, in seconds since 1970";
        let started = ConstGauge::new(self.started);
        show("process_start_time_seconds", help, &started)?;
        let read = |file: &str| fs::read_to_string(format!("/proc/self/{file}")).ok();
        if let Some(bytes) = resident() {
            let help = "Memory of the process that is in RAM";
            let bytes = ConstGauge::new(bytes);
            show("process_resident_memory_bytes", help, &bytes)?;
        }
        if let Some(seconds) = read("stat").as_deref().and_then(cpu_seconds) {
            let help = "CPU time of the process, in user and system";
            let seconds = ConstCounter::new(seconds);
            show("process_cpu_seconds", help, &seconds)?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            let open = u64::try_from(open.count()).unwrap_or(u64::MAX);
            let open = ConstGauge::new(open);
            show("process_open_fds", "File descriptors that are open", &open)?;
        }
        if let Some(most) = read("limits").as_deref().and_then(most_files) {
            let help = "File descriptors that may be open";
            show("process_max_fds", help, &ConstGauge::new(most))?;
        }
        Ok(())
    }
}

/// Memory of the process that is in RAM, in bytes.
pub(crate) fn resident() -> Option<u64> {
    resident_of(&fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmRSS` of `/proc/self/status`, in bytes.
fn resident_of(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// User and system time of `/proc/self/stat`. The name, in parentheses, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    // Linux counts these in hundredths wherever it runs (`USER_HZ`).
    const TICKS_PER_SECOND: f64 = 100.0;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((f64::from(user) + f64::from(system)) / TICKS_PER_SECOND)
}

/// The soft limit of `/proc/self/limits`.
fn most_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tservidor\nVmHWM:\t    9999 kB\nVmRSS:\t    4516 kB\n";
        assert_eq!(resident_of(status), Some(4_624_384));
        assert_eq!(resident_of("Name:\tkthread\n"), None);
    }

    #[test]
    fn a_name_with_a_parenthesis_shifts_nothing() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 2 3 4 250 150 7 8 20 0 3 0 100";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds("nothing of the kind"), None);
    }

    #[test]
    fn the_soft_limit_of_files_is_read() {
        let limits = "Max processes 1 2 processes\nMax open files            1024                 1048576              files\n";
        assert_eq!(most_files(limits), Some(1024));
        let unlimited =
            "Max open files            unlimited            unlimited            files\n";
        assert_eq!(most_files(unlimited), None);
    }
}

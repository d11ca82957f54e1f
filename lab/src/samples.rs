//! What each process takes, over time: read from its `/metrics`, within bounds.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use runtime::Lifecycle;
use serde::Serialize;

use crate::clock::now_millis;
use crate::supervisor::status::{Entry, State, StatusRegistry};

/// How often each process is asked.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// So many samples of a service are kept: five minutes.
const KEPT: usize = 60;

/// Metrics that take longer are not there.
const PATIENCE: Duration = Duration::from_secs(1);

/// The latest samples of every service. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Samples(Arc<Mutex<HashMap<&'static str, VecDeque<Sample>>>>);

/// What a process took at one moment; nothing where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// In milliseconds since 1970.
    pub at: u64,
    /// Bytes in memory.
    pub memory: Option<f64>,
    /// Seconds on a processor since its start.
    pub cpu: Option<f64>,
    /// Connections that are open to it.
    pub connections: Option<f64>,
}

impl Samples {
    /// Asks every process again and again until the lab ends.
    pub async fn watch(
        self,
        registry: StatusRegistry,
        client: reqwest::Client,
        lifecycle: Lifecycle,
    ) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = lifecycle.stopping() => return,
            }
            let mut entries = registry.entries();
            entries.retain(|entry| entry.state == State::Running);
            let samples = entries.iter().map(|entry| sample(&client, entry));
            let samples = futures_util::future::join_all(samples).await;
            for (entry, sample) in entries.iter().zip(samples) {
                self.add(entry.name, sample);
            }
        }
    }

    fn add(&self, service: &'static str, sample: Sample) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let samples = all.entry(service).or_default();
        samples.push_back(sample);
        while samples.len() > KEPT {
            samples.pop_front();
        }
    }

    /// Those of one service, oldest first.
    pub fn of(&self, service: &str) -> Vec<Sample> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let samples = all.get(service);
        samples.map_or_else(Vec::new, |samples| samples.iter().copied().collect())
    }
}

async fn sample(client: &reqwest::Client, entry: &Entry) -> Sample {
    let url = format!("http://{}/metrics", crate::plan::reached_at(entry.admin));
    let text = async {
        let answer = client.get(url).timeout(PATIENCE).send().await.ok()?;
        answer.text().await.ok()
    };
    Sample {
        at: now_millis(),
        ..read(&text.await.unwrap_or_default())
    }
}

/// Reads Prometheus' text format, as far as it is of interest.
fn read(text: &str) -> Sample {
    let mut sample = Sample::default();
    for line in text.lines() {
        let Some((name, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let name = name.split('{').next().unwrap_or_default();
        let field = match name {
            "process_resident_memory_bytes" => &mut sample.memory,
            "process_cpu_seconds_total" => &mut sample.cpu,
            "server_connections_open" => &mut sample.connections,
            _ => continue,
        };
        // Connections are counted by protocol.
        let value = value.parse().ok().filter(|value: &f64| value.is_finite());
        *field = value.map(|value| field.unwrap_or_default() + value);
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_takes_is_read_from_its_metrics() {
        let text = "# TYPE server_connections_open gauge\n\
            server_connections_open{protocol=\"http\"} 2\n\
            server_connections_open{protocol=\"relay\"} 1\n\
            process_resident_memory_bytes 30224384\nprocess_cpu_seconds_total NaN\nodd\n";
        let expected = Sample {
            at: 0,
            memory: Some(30_224_384.0),
            cpu: None,
            connections: Some(3.0),
        };
        assert_eq!(read(text), expected);
        assert_eq!(read(""), Sample::default());
    }

    #[test]
    fn only_the_latest_samples_are_kept() {
        let samples = Samples::default();
        for at in 0..200 {
            samples.add(
                "server",
                Sample {
                    at,
                    ..Sample::default()
                },
            );
        }
        let kept = samples.of("server");
        assert_eq!((kept.len(), kept[0].at, kept[59].at), (60, 140, 199));
        assert_eq!(samples.of("other"), []);
    }
}

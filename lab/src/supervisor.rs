//! Keeps each service running in a process of its own.
//!
//! # Layout
//! - [`control`]: what may be done to a process from outside.
//! - [`child`]: one process, its lines, its end.
//! - [`exit`]: how a process ended, in words.
//! - [`lines`]: bytes of a pipe to lines.
//! - [`log_book`]: the latest lines of every process.
//! - [`output`]: lines of every process, each with its name in front.
//! - [`restart`]: how long to wait before a dead one starts again.
//! - [`status`]: what is known of each service, for the page.
//! - [`keeper`]: one service's process, again and again, until told to stop.

pub mod child;
pub mod control;
pub mod exit;
pub mod keeper;
pub mod lines;
pub mod log_book;
pub mod output;
pub mod restart;
pub mod status;

use std::path::Path;
use std::time::Duration;

use runtime::Lifecycle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::plan::Planned;
use control::Orders;
use keeper::Keeper;
use output::Output;
use status::StatusRegistry;

/// Every process of the lab.
#[derive(Debug)]
pub struct Supervisor {
    /// From the first to stop to the last: nobody is asked by a wave that stops later.
    waves: Vec<Wave>,
}

#[derive(Debug)]
struct Wave {
    stop: CancellationToken,
    keepers: Vec<JoinHandle<()>>,
}

/// How long a service gets to end before it is killed, beyond its `DRAIN_TIMEOUT`: its last spans
/// take up to 3 s.
const GRACE: Duration = Duration::from_secs(4);

impl Supervisor {
    /// Starts every planned service with this program, but for those that are absent.
    pub fn start(
        program: &Path,
        services: Vec<Planned>,
        mut orders: Orders,
        registry: &StatusRegistry,
        output: &Output,
        lifecycle: &Lifecycle,
    ) -> Self {
        let waves = waves(services).into_iter().map(|wave| {
            let stop = CancellationToken::new();
            let names: Vec<_> = wave.iter().map(|planned| planned.name).collect();
            let keepers = wave.into_iter().map(|planned| {
                let grace = planned.drain_timeout() + GRACE;
                let mut waits_for = planned.asks.clone();
                // Those of a ring would wait for each other.
                waits_for.retain(|name| !names.contains(name));
                let keeper = Keeper {
                    waits_for,
                    program: program.to_path_buf(),
                    is_absent: registry.is_absent(planned.name),
                    orders: orders.take(planned.name),
                    planned,
                    registry: registry.clone(),
                    output: output.clone(),
                    lifecycle: lifecycle.clone(),
                    grace,
                };
                lifecycle.spawn(keeper.run(stop.clone()))
            });
            Wave {
                keepers: keepers.collect(),
                stop,
            }
        });
        Self {
            waves: waves.collect(),
        }
    }

    /// Stops every service: those that ask before those that are asked.
    pub async fn stop(self) {
        for wave in self.waves {
            wave.stop.cancel();
            for keeper in wave.keepers {
                if let Err(error) = keeper.await {
                    tracing::error!(%error, "a service was not stopped in order");
                }
            }
        }
    }
}

/// The services in the order of their stop: first those that nobody asks, then those whom only
/// these ask, and so on.
fn waves(mut services: Vec<Planned>) -> Vec<Vec<Planned>> {
    let mut waves = Vec::new();
    while !services.is_empty() {
        let asked: Vec<_> = services
            .iter()
            .flat_map(|service| service.asks.clone())
            .collect();
        let (later, mut now): (Vec<_>, Vec<_>) = services
            .into_iter()
            .partition(|service| asked.contains(&service.name));
        services = later;
        if now.is_empty() {
            // Services that ask each other in a ring have no order.
            now.append(&mut services);
        }
        waves.push(now);
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(name: &'static str, asks: &[&'static str]) -> Planned {
        Planned {
            asks: asks.to_vec(),
            ..Planned::example(name)
        }
    }

    fn names(services: Vec<Planned>) -> Vec<Vec<&'static str>> {
        waves(services)
            .iter()
            .map(|wave| wave.iter().map(|one| one.name).collect())
            .collect()
    }

    #[test]
    fn those_that_ask_stop_before_those_that_are_asked() {
        let services = vec![
            planned("store", &[]),
            planned("server", &["store"]),
            planned("client", &["server"]),
        ];
        assert_eq!(names(services), [["client"], ["server"], ["store"]]);
    }

    #[test]
    fn peers_that_ask_each_other_stop_together() {
        let services = vec![
            planned("a", &["b"]),
            planned("b", &["a"]),
            planned("page", &["a"]),
        ];
        assert_eq!(names(services), [vec!["page"], vec!["a", "b"]]);
    }
}

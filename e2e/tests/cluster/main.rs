//! The journeys against a cluster that has the charts installed, and what only a cluster shows.
//!
//! Runs with `E2E_TARGET=cluster`; `kubectl` and `KUBECONFIG` decide which cluster. Without it each
//! test says that it is skipped. `E2E_SCALE=10` has ten times the load of the runs in which things
//! are broken. `E2E_TAG` is the tag of other images than those of this version, for what tests install.
#![cfg(test)]

mod autoscaling;
mod chat;
mod conflicts;
mod desafio1;
mod drains;
mod evictions;
mod helm;
mod history;
mod journeys;
mod kubectl;
mod pods;
mod policies;
mod releases;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;
mod upgrades;
mod users;

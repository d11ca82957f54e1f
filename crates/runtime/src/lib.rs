//! The lifecycle of a service, in one place, and HTTP.
//!
//! A service declares its settings and a function that runs; [`main`] does the rest, in this
//! order: settings, telemetry, admin port, run, and on SIGTERM: readiness off, a short delay,
//! stop accepting, finish what runs, a deadline, flush spans, exit.
//!
//! # Layout
//! - [`main`], [`Service`] (`service.rs`): a process's lifecycle, top to bottom.
//! - [`settings`]: embedded defaults, file, environment, flags; `--help`; refusals.
//! - [`telemetry`]: the tracer provider, its exporter, propagation, logs.
//! - [`Lifecycle`] (`lifecycle.rs`): what a running service is handed: the stages of its end, tracked tasks.
//! - [`readiness`], [`liveness`]: whether to send it work; whether its loops still move.
//! - [`memory`]: how much of it connections and unfinished requests may hold together.
//! - [`metrics`]: counters and histograms, and their text for Prometheus.
//! - [`admin`]: `/livez`, `/readyz`, `/metrics`, `/version`.
//! - [`net`]: binding, and what the servers of all protocols have in common.
//! - [`http`]: an HTTP/1.1 server on it, with time limits, connection age and drain.
//! - [`http_client`]: requests with a span, the trace's context and metrics.
//! - [`deadline`]: by when a caller wants its answer.
//! - [`trace`]: spans by the semantic conventions, shared by everything above.
//! - [`cause`]: why an error came about.
//! - [`backoff`]: how long to wait before the next try.
//! - [`terminal`]: what a client prints for whoever runs it.
//! - [`tls`]: certificates and keys of the connections that this process opens.
//!
//! gRPC, Redis and plain TCP are crates of their own on this one (`runtime-grpc`, `runtime-redis`,
//! `runtime-tcp`), so that a program compiles what it speaks and nothing else.

pub mod admin;
pub mod backoff;
pub mod cause;
pub mod deadline;
pub mod error;
pub mod http;
pub mod http_client;
mod lifecycle;
pub mod liveness;
pub mod memory;
pub mod metrics;
pub mod net;
pub mod readiness;
mod service;
pub mod settings;
mod signals;
pub mod telemetry;
pub mod terminal;
pub mod tls;
pub mod trace;

pub use error::Error;
pub use lifecycle::{Lifecycle, StageReached};
pub use service::{Service, command, main, main_with, settings_from};
pub use settings::Settings;

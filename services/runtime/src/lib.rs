//! The life of a Malha service, in one place.
//!
//! A service declares its settings and a function that runs; [`main`] does the rest, in this
//! order: settings, telemetry, admin port, run, and on SIGTERM: readiness off, a short delay,
//! stop accepting, finish what runs, a deadline, flush spans, exit.
//!
//! # Layout
//! - [`main`], [`Service`] (`service.rs`): a process's life, top to bottom.
//! - [`settings`]: embedded defaults, file, environment, flags; `--help`; refusals.
//! - [`telemetry`]: the tracer provider, its exporter, propagation, logs.
//! - [`Life`] (`life.rs`): what a running service is handed: the stages of its end, tracked tasks.
//! - [`readiness`], [`liveness`]: whether to send it work; whether its loops still move.
//! - [`metrics`]: counters and histograms, and their text for Prometheus.
//! - [`admin`]: `/livez`, `/readyz`, `/metrics`, `/version`.
//! - [`net`]: binding, and the accept loop with its caps.
//! - [`http`]: an HTTP/1.1 server on it, with time limits, connection age and drain.
//! - [`http_client`]: requests with a span, the trace's context and metrics.
//! - [`grpc`]: a gRPC server on it, with health, reflection and deadlines; a client.
//! - [`deadline`]: by when a caller wants its answer.
//! - [`tcp`]: servers and clients of plain TCP protocols, with the trace's context in a header.
//! - [`redis`]: a client of Redis that is quick to say that Redis is away.
//! - [`trace`]: spans by the semantic conventions, shared by everything above.
//! - [`backoff`]: how long to wait before the next try.
//! - `testing` (feature): a life for tests, captured spans, waiting on a condition.

pub mod admin;
pub mod backoff;
pub mod deadline;
mod error;
pub mod grpc;
pub mod http;
pub mod http_client;
mod life;
pub mod liveness;
pub mod metrics;
pub mod net;
pub mod readiness;
pub mod redis;
mod service;
pub mod settings;
mod signals;
pub mod tcp;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trace;

pub use error::Error;
pub use life::Life;
pub use service::{Service, main, main_with};
pub use settings::Settings;

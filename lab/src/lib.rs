//! The lab: every Malha service on this machine, and a page that shows them at work.
//!
//! # Layout
//! - [`main`] (`start.rs`): from the command line to what runs.
//! - `beside`: a client that somebody runs beside a lab.
//! - [`cli`], [`usage`]: what the command line asks for; what the program says of itself.
//! - [`catalogue`]: every service, its ports, whom it asks. A new service is one row here.
//! - [`settings`], [`plan`]: the lab's settings; the environment of each process.
//! - [`doctor`]: what this machine has and lacks.
//! - `client`: the HTTP API of a lab that runs, asked.
//! - [`terminal`]: `malha trace`, what a lab that runs has seen.
//! - [`completions`]: what a shell can complete of the command line.
//! - [`preflight`]: every port is looked at before anything starts.
//! - [`Lab`] (`lab.rs`): the lab's own lifecycle; `banner` says its first lines.
//! - [`supervisor`]: keeps each service running in a process of its own.
//! - [`health`]: what the services' probes say.
//! - [`samples`]: what each process takes, over time.
//! - [`links`]: a TCP link before every service, which can be watched and broken.
//! - [`faults`]: what can be made wrong with links and processes, and the HTTP API for it.
//! - [`lessons`]: scripted breaks, each with what to do meanwhile and what to look for.
//! - [`remote`]: commands to a lab that runs, over its HTTP API.
//! - [`collector`]: takes spans by OTLP, over HTTP or gRPC, and keeps the latest of them in bounded memory.
//! - [`jaeger`]: Jaeger's query API over what the collector keeps.
//! - [`page`]: the page, and the JSON it asks for.
//! - `asked`: what stands behind the `?` of a request, or what is wrong with it.
//! - [`wire`]: what passed the links, decoded.
//! - [`cluster`]: the same page over a Kubernetes cluster; the program `lab`.
//! - `clock`: the time of day.

mod asked;
mod banner;
mod beside;
pub mod catalogue;
pub mod cli;
mod client;
mod clock;
pub mod cluster;
pub mod collector;
pub mod completions;
pub mod doctor;
pub mod faults;
pub mod health;
pub mod jaeger;
mod lab;
pub mod lessons;
pub mod links;
pub mod page;
pub mod plan;
pub mod preflight;
pub mod remote;
pub mod samples;
pub mod settings;
mod start;
pub mod supervisor;
pub mod terminal;
pub mod usage;
pub mod wire;

pub use client::ClientError;
pub use lab::{Lab, LabError};
pub use start::main;

//! Redis: one node, a Sentinel's master or a Cluster, behind a pool, time limits and a breaker.
//!
//! While Redis is away or hung, a [`Policy`] decides what callers get. By `FailFast` a caller is told so
//! within the time of one command, and at once from then on. By `KeepAsking` it waits until the answer
//! is known. A health check finds out when Redis is back. Under a span, each attempt at a command has
//! a CLIENT span, and a wait for a connection an INTERNAL one.
//!
//! # Layout
//! - [`RedisClient`] (`client.rs`): commands and scripts; [`Command`], [`Script`] (`command.rs`).
//! - [`Policy`] (`policy.rs`): whether a command is sent again.
//! - `executor.rs`: one attempt at a command, from the permit to the answer.
//! - [`RedisSettings`] (`settings.rs`), what it is told; `url.rs`: the grammar of `REDIS_URL`.
//! - `tls.rs`: whose certificates are believed, and what this side shows.
//! - `target.rs`: where connections go; `pool.rs`: the few that there are, shared by many commands.
//! - `breaker.rs`, `health_check.rs`: whether Redis is asked at all, and who finds out.
//! - [`Probe`] (`probe.rs`), `refusals.rs`: what the health check asks, and what makes it ask.
//! - `observe.rs`: spans and metrics.
//! - [`Dedicated`] (`dedicated.rs`): a connection of one's own, for commands that wait.

mod breaker;
mod client;
mod command;
mod dedicated;
mod error;
mod executor;
mod health_check;
mod observe;
mod policy;
mod pool;
mod probe;
mod refusals;
mod settings;
mod target;
mod tls;
mod url;

pub use client::RedisClient;
pub use command::{Command, Script, convert};
pub use dedicated::Dedicated;
pub use error::RedisError;
pub use policy::Policy;
pub use probe::Probe;
pub use redis::{FromRedisValue, Value};
pub use settings::{RedisOptions, RedisSettings, Topology};
pub use tls::Tls;
pub use url::Address;

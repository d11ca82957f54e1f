//! Redis: one node, a Sentinel's master or a Cluster, behind a pool, time limits and a breaker.
//!
//! Whoever asks while Redis is away or hung is told within the time of one command, and at once
//! from then on: nobody waits for it, one connection looks whether it is back. A command has a
//! CLIENT span, and so has the wait for a connection where there is one.
//!
//! # Layout
//! - [`Redis`] (`client.rs`): commands and scripts; [`Command`], [`Script`] (`command.rs`).
//! - [`RedisSettings`] (`settings.rs`), with `client.toml`.
//! - `target.rs`: where connections go; `pool.rs`: the few that there are, shared by many commands.
//! - `breaker.rs`, `keeper.rs`: whether it may be asked, and who looks whether it may again.
//! - `observe.rs`: spans and metrics.
//! - [`Dedicated`] (`dedicated.rs`): a connection of one's own, for commands that wait.

mod breaker;
mod client;
mod command;
mod dedicated;
mod error;
mod keeper;
mod observe;
mod pool;
mod settings;
mod target;

pub use client::Redis;
pub use command::{Command, Script};
pub use dedicated::Dedicated;
pub use error::RedisError;
pub use redis::{FromRedisValue, Value, from_redis_value};
pub use settings::{DEFAULTS, RedisSettings, Topology};

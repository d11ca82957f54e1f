//! chat: two services, WebSockets, an HTTP relay.
//!
//! Each service has one room. What is said in it goes into its log, to everybody in the room, and
//! to the rooms of its peers, where it arrives once and in order, be they away for a while or not.
//! `proto/chat-v1.md` says what stands on the wire.
//!
//! # Layout
//! - [`settings`]: what the service can be told.
//! - [`server`]: the routes; `page.rs`, the page; `session.rs`, one WebSocket and what its client
//!   says.
//! - [`wire`]: frames; relayed requests and their signatures. The original's words are in
//!   [`domain::entry`].
//! - [`hub`]: the one room. `hub.rs` is its lock and the I/O around it; `hub/room.rs` is pure state
//!   that returns what is to be delivered; `hub/membership.rs` lets clients in and out.
//!   `hub/connection.rs` is a client's socket, and the workers that write to all of them;
//!   `hub/send_queue.rs` holds the frames before it. `hub/replication.rs` follows a log that
//!   replicas share.
//! - [`domain`]: the log, its history and outbox; rates; presence. No async, no I/O.
//! - [`store`]: what keeps the log: memory, a disk (a task writes the journal), or Redis.
//! - [`relay`]: what the peers are sent, and what is taken from them.
//! - [`metrics`]: what is counted. `propagation.rs`: trace contexts that travel with entries.
//! - [`Chat`] (`service.rs`): the program; [`ServiceA`], [`ServiceB`]: its two parts in the lab.
//! - `checker` (feature `testing`): judges what clients saw while all kinds of things failed.

#[cfg(any(test, feature = "testing"))]
pub mod checker;
pub mod domain;
mod error;
pub mod hub;
pub mod metrics;
mod page;
mod propagation;
pub mod relay;
pub mod server;
mod service;
mod session;
pub mod settings;
pub mod store;
pub mod wire;

pub use error::Error;
pub use service::{Chat, Following, ServiceA, ServiceB, open, room, serve};

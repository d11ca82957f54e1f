//! chat: two services, WebSockets, an HTTP relay.
//!
//! Each service has one room. What is said in it goes into its log, to everybody in the room, and
//! to the rooms of its peers, where it arrives once and in order, be they away for a while or not.
//! `proto/chat-v1.md` says what stands on the wire.
//!
//! # Layout
//! - [`settings`]: what the service can be told.
//! - [`wire`]: frames, relayed requests, signatures; the original's words are in
//!   [`domain::entry`].
//! - [`server`]: the routes; `page.rs`, the page; `session.rs`, one WebSocket.
//! - [`domain`]: the log, its history and outbox; rates; presence. No async, no I/O.
//! - [`hub`]: the room: the one lock under which an entry is taken and handed to everybody; the
//!   lines to the clients, and who writes to them.
//! - [`store`]: the log in memory or on disk.
//! - [`relay`]: what the peers are sent, and what is taken from them.
//! - [`metrics`]: what is counted. `propagation.rs`: trace contexts that travel with entries.
//! - [`Chat`] (`service.rs`): the program; [`ServiceA`], [`ServiceB`]: its two parts in the lab.
//! - `checker` (feature `testing`): judges what clients saw while all kinds of things failed.

#[cfg(any(test, feature = "testing"))]
pub mod checker;
mod clock;
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
pub use service::{Chat, ServiceA, ServiceB, room, serve};

//! A TCP link between two programs that can be watched and broken without a line in either.
//!
//! A link listens where a server used to listen and passes every byte on to where the server
//! listens now. Whoever holds the link sees the bytes of both directions and can make the network
//! worse: the faults are toxiproxy's, by its names and its HTTP API, so that its clients work.
//!
//! # Layout
//! - [`Toxic`], [`Fault`] (`toxic.rs`): what can be wrong with a direction; their JSON.
//! - [`shaper`]: what faults do to bytes, when; no sockets and no clock of its own.
//! - `pipe.rs`: one direction of one connection, shaped.
//! - `connection.rs`: both directions, and how an end or a reset passes on.
//! - [`Link`] (`link.rs`): one listener, its upstream, its faults.
//! - [`Links`] (`links.rs`): all of them by name.
//! - [`Tap`], [`Capture`] (`tap.rs`, `capture.rs`): who is shown the bytes; a bounded memory of them.
//! - [`api`]: toxiproxy's HTTP API.

pub mod api;
mod capture;
mod connection;
mod error;
mod link;
mod links;
mod pipe;
pub mod shaper;
mod tap;
mod toxic;

pub use capture::{Capture, Exchange, Passed};
pub use error::LinkError;
pub use link::{Link, LinkConfig};
pub use links::Links;
pub use tap::{ConnectionId, Direction, Ended, Tap};
pub use toxic::{Fault, Toxic, ToxicChange};

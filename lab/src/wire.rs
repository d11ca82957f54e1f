//! What passed the links: decoded, remembered within bounds, shown and given as a capture.
//!
//! # Layout
//! - [`WireStore`] (`store.rs`): the latest messages of every link.
//! - `decode.rs`: bytes as they pass become messages, away from where they are copied.
//! - `learner.rs`, `reflection.rs`: what a server says of services that the lab does not know.
//! - [`routes`]: the HTTP API.
//! - `tie.rs`: what carries no context belongs to the span of its time and ports.
//! - `pcapng.rs`: messages as a capture for Wireshark, with trace ids as comments.

mod decode;
mod learner;
mod pcapng;
mod reflection;
pub mod routes;
mod store;
mod tie;

pub use decode::{Decoder, Feed};
pub use store::{Recorded, WireStore};

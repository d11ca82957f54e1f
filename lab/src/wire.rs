//! What passed the links: decoded, remembered within bounds, shown and given as a capture.
//!
//! # Layout
//! - [`WireStore`] (`store.rs`): the latest messages of every link.
//! - `feed.rs`: what the links tell, as bytes, until somebody looks at it.
//! - `decode.rs`: it becomes messages, at leisure or when somebody asks; what would be forgotten does not.
//! - `learner.rs`, `reflection.rs`: what a server says of services that the lab does not know.
//! - [`routes`]: the HTTP API.
//! - `tie.rs`: what carries no context belongs to the span of its time and ports.
//! - `pcapng.rs`: messages as a capture for Wireshark, with trace ids as comments.

mod decode;
mod feed;
#[cfg(test)]
mod fixture;
mod learner;
mod pcapng;
mod reflection;
pub mod routes;
mod store;
mod tie;

pub use decode::{CatchUp, Decoder};
pub use feed::Feed;
pub use store::{Recorded, WireStore};

//! What must hold of whatever strangers send. Each module is the body of one fuzz target; where
//! there is no nightly compiler, `tests/seeds.rs` runs all of them over their seeds and over
//! mutations of these.
//!
//! # Layout
//! - [`chat_frames`], [`chat_text`], [`chat_relay`]: a client's WebSocket frames; what is written
//!   in them; a peer's request.
//! - [`hello_name`], [`sockets_number`], [`proxy_header`], [`tcp_pieces`]: the protocols over TCP.
//! - [`users`], [`call_headers`]: names, addresses, ids and tokens; headers of a call.
//! - [`conversation`]: the lab's reading of what passes a link: HTTP/1.1, WebSocket, HTTP/2, HPACK,
//!   gRPC, RESP, PROXY.
//! - [`otlp_json`], [`otlp_protobuf`], [`otlp_http`], [`jaeger_query`]: what the lab's receiver and
//!   its query API are sent. `spans.rs`: what holds of the spans of any export.
//! - [`toxics`], [`lab_faults`]: toxiproxy's JSON; the lab's own words for faults.
//! - [`TARGETS`], [`mutated`] (`targets.rs`, `mutation.rs`): all of them by name; bytes that are
//!   nearly right. `answer.rs`, `lines.rs`: what several share.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a property that does not hold is a panic: it is what a fuzzer looks for"
)]

mod answer;
pub mod call_headers;
pub mod chat_frames;
pub mod chat_relay;
pub mod chat_text;
pub mod conversation;
pub mod hello_name;
pub mod jaeger_query;
pub mod lab_faults;
mod lines;
mod mutation;
pub mod otlp_http;
pub mod otlp_json;
pub mod otlp_protobuf;
pub mod proxy_header;
pub mod sockets_number;
mod spans;
mod targets;
pub mod tcp_pieces;
pub mod toxics;
pub mod users;

pub use mutation::mutated;
pub use targets::{TARGETS, Target};

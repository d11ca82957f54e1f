//! gRPC: a server on our listener and lifecycle, with limits, spans, health and reflection; and a
//! client of every server behind a name.
//!
//! # Layout
//! - [`serve`], [`GrpcLimits`] (`server.rs`, `limits.rs`): the server, a protocol of
//!   [`net::serve`](runtime::net::serve).
//! - [`Services`] (`services.rs`): what is served, and who handles it.
//! - `preface.rs`, `connection.rs`: one connection, its age and its end.
//! - `call.rs`: one call: span, place, deadline, size of messages, panics.
//! - `turns.rs`, `frames.rs`: a connection is heard a few frames at a time.
//! - `table.rs`: the memory that HTTP/2 keeps for calls.
//! - `refusal.rs`, `at_once.rs`: a call for which there is no room, and what is done where it came.
//! - `untaken.rs`: runs a call, and ends one whose answer its client does not take.
//! - `held_body.rs`: what a call has is held until its answer is sent.
//! - `remainders.rs`: finds out whether a client takes the end of its answers.
//! - `executor.rs`: runs the background tasks of a client's connections.
//! - `call_record.rs`, `response_body.rs`, `message.rs`: its span and metrics, its answer's body, its
//!   request's.
//! - [`timeout`]: the header `grpc-timeout`.
//! - [`status`]: codes by name, and which of them are a server's fault.
//! - [`client`]: calls with deadlines, spans, and retries within a budget.
//! - `header_size.rs`, `compression.rs`: the limit on a call's head; messages of an answer in gzip.
//! - `health.rs`: the standard health service, which follows the readiness of the lifecycle.
//! - `reflection.rs`: the standard reflection service.

mod at_once;
mod call;
mod call_record;
pub mod client;
mod compression;
mod connection;
mod executor;
mod frames;
mod header_size;
mod health;
mod held_body;
mod limits;
mod message;
mod preface;
mod reflection;
mod refusal;
mod remainders;
mod response_body;
mod server;
mod services;
pub mod status;
mod table;
pub mod timeout;
mod turns;
mod untaken;

pub use health::LIVENESS;
pub use limits::GrpcLimits;
pub use server::serve;
pub use services::{DescriptorError, Generated, Services};

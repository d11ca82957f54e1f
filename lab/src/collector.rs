//! An OTLP receiver with a memory of its own, so that the lab needs no Jaeger beside it.
//!
//! # Layout
//! - [`http`]: OTLP over HTTP, in protobuf or JSON.
//! - [`grpc`]: OTLP over gRPC.
//! - `partial`: what an answer says of what was not taken as it was sent.
//! - [`json`]: from OTLP's JSON to its messages.
//! - [`json_value`]: an attribute's value as JSON.
//! - [`wire`], `weight`: from OTLP's messages to spans, and what these take.
//! - [`id`], [`span`], [`trace`]: what is kept.
//! - [`refusals`]: what was not taken, by reason.
//! - [`rounds`]: what services do by themselves, which nobody asked for.
//! - [`store`]: the latest traces, bounded in number and bytes.
//! - [`search`]: which traces a question means.

#[cfg(test)]
pub(crate) mod fixture;
pub mod grpc;
pub mod http;
pub mod id;
pub mod json;
pub mod json_value;
mod partial;
pub mod refusals;
pub mod rounds;
pub mod search;
pub mod span;
pub mod store;
pub mod trace;
mod weight;
pub mod wire;

pub use store::{Limits, SharedStore};

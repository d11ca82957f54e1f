//! An OTLP receiver with a memory of its own, so that the lab needs no Jaeger beside it.
//!
//! # Layout
//! - [`http`]: `POST /v1/traces`, OTLP over HTTP/protobuf.
//! - [`wire`]: from OTLP's messages to spans.
//! - [`id`], [`span`], [`trace`]: what is kept.
//! - [`store`]: the latest traces, bounded in number and bytes.
//! - [`search`]: which traces a question means.

#[cfg(test)]
pub(crate) mod fixture;
pub mod http;
pub mod id;
pub mod search;
pub mod span;
pub mod store;
pub mod trace;
pub mod wire;

pub use store::{Limits, SharedStore};

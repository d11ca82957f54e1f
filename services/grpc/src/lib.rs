//! grpc: users over gRPC, and a gateway to them.
//!
//! A user is kept for a while in a store: Redis, or the memory of this process. Both stores
//! mean the same by everything; one suite of tests holds them to it (`tests/store`).
//!
//! # Layout
//! - [`settings`]: what the server can be told.
//! - [`wire`]: messages as values of the domain, refusals as `google.rpc.Status`.
//! - [`domain`]: users, their rules, the changes they undergo; a directory of them in memory.
//! - [`store`]: the two places where users are kept.
//! - [`server`]: the interface behind a listener.
//! - [`gateway`]: the users as REST.
//! - `texts.rs`: every text that users read, in Portuguese.
//! - [`Servidor`], [`Cliente`] (`service.rs`): the two programs.

pub mod domain;
mod error;
pub mod gateway;
pub mod server;
mod service;
pub mod settings;
pub mod store;
mod texts;
pub mod wire;

pub use error::Error;
pub use service::{Cliente, Servidor};

//! sockets: numbers over TCP.
//!
//! A client sends an unsigned integer, big-endian; the server answers in text whether it is even
//! or odd, or all there is to say of it: parity, primality, digits. One number a connection.
//!
//! # Layout
//! - [`settings`]: what both can be told.
//! - [`wire`]: numbers as bytes, answers as text.
//! - [`domain`]: 512-bit arithmetic, decimal digits, primality.
//! - [`server`]: the answer behind a listener.
//! - [`client`]: the numbers, the calls.
//! - [`Server`], [`Client`] (`service.rs`): the two programs.

pub mod client;
pub mod domain;
mod error;
pub mod server;
mod service;
pub mod settings;
pub mod wire;

pub use error::Error;
pub use service::{Client, Server};

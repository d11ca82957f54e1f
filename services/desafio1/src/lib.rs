//! desafio1: containers in a network.
//!
//! A server answers `GET /` with a fixed message; a client asks for it every few seconds by the
//! server's DNS name, for ever, and survives its absence.
//!
//! # Layout
//! - [`settings`]: what both can be told.
//! - [`domain`]: what an answer must be to be printed.
//! - [`server`]: the routes.
//! - [`client`]: the loop.
//! - [`Servidor`], [`Client`] (`service.rs`): the two programs.

pub mod client;
pub mod domain;
mod error;
pub mod server;
mod service;
pub mod settings;

pub use error::Error;
pub use service::{Client, Servidor};

//! hello: a remote procedure call over TCP.
//!
//! A client asks for a name and sends it; the server calls `hello(nome)` and answers
//! `Olá, João!`; the client prints it. One call a connection.
//!
//! # Layout
//! - [`settings`]: what both can be told.
//! - [`wire`]: names and greetings as bytes.
//! - [`domain`]: what a name is, and the procedure.
//! - [`server`]: the procedure behind a listener.
//! - [`client`]: the prompt, the list, the calls; [`input`]: the lines that a person types.
//! - [`Server`], [`Client`] (`service.rs`): the two programs.

pub mod client;
pub mod domain;
mod error;
pub mod input;
pub mod server;
mod service;
pub mod settings;
pub mod wire;

pub use error::Error;
pub use service::{Client, Server};

//! What can be made wrong: with a link, with a process. Every fault says what to look for.
//!
//! # Layout
//! - [`kinds`]: every fault there is, and what to look for in English and Portuguese.
//! - [`spec`]: `latency=300ms jitter=50ms` as faults of a link.
//! - [`board`]: the faults of now, since when and until when.
//! - [`routes`]: the HTTP API over them.

pub mod board;
pub mod kinds;
pub mod routes;
pub mod spec;

pub use board::{Board, Fault};
pub use kinds::Words;

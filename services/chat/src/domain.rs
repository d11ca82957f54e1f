//! The rules of the chat: what is said, kept, taken once, and allowed. No async, no I/O.

pub mod entry;
pub mod history;
pub mod log;
pub mod outbox;
pub mod presence;
pub mod rate;
pub mod taken;

pub use entry::{ClientId, Entry, Event, Source, Token, TraceContext};

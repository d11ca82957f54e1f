//! The rules of the chat: what is said, kept, taken once, and allowed. No async, no I/O.

pub mod entry;
pub mod history;
pub mod idempotency;
pub mod ids;
pub mod log;
pub mod outbox;
pub mod presence;
pub mod rate;
pub mod watermarks;

pub use entry::{Entry, Event, Source, TraceContext};
pub use ids::{ClientId, Token};

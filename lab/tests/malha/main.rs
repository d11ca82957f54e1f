//! The lab as its users run it: the binary `malha`, its processes, its page.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod command_line;
mod deaths;
mod harness;
mod metrics;
mod page;

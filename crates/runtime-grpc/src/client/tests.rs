//! The client against real servers that come, fail and go.

mod balance;
mod deadlines;
mod retries;
mod support;
mod traces;

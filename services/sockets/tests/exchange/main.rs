//! Server and client of this exercise over real connections, with their trace.
#![cfg(test)]

mod client;
mod framing;
mod support;
mod traces;

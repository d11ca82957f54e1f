//! The service over real WebSockets and real HTTP, with its traces.
#![cfg(test)]

mod handshake;
mod limits;
mod plain;
mod relay;
mod replicas;
mod resume;
mod support;
mod traces;
mod v1;

//! One meaning of the chat's log, wherever it is kept: in memory, on disk, in Redis.
#![cfg(test)]

mod backend;
mod keys;
mod model;
mod suite;

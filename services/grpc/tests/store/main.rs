//! What a store means, held against each of them: in memory, in Redis, in a Redis Cluster.
#![cfg(test)]

mod backend;
mod cluster;
mod keys;
mod model;
mod outage;
mod refusing;
mod sentinel;
mod suite;

//! What a store means, held against each of them: in memory, in Redis, in a Redis Cluster.
#![cfg(test)]

mod backend;
mod cluster;
mod model;
mod outage;
mod sentinel;
mod suite;

//! The gateway over real HTTP, before real servers and one that fails as told.
#![cfg(test)]

mod changes;
mod documents;
mod failing;
mod failures;
mod inputs;
mod limits;
mod proxies;
mod replicas;
mod support;
mod traces;
mod users;

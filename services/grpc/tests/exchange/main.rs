//! The server over real connections: the interface, its refusals, its limits, its traces.
#![cfg(test)]

mod compression;
mod health;
mod limits;
mod memory;
mod redis;
mod reflection;
mod support;
mod traces;
mod untaken;
mod users;
mod watching;

//! The server over real connections: the interface, its refusals, its limits, its traces.
#![cfg(test)]

mod health;
mod limits;
mod support;
mod traces;
mod users;
mod watching;

//! The links of the lab: one on every documented port, in front of the processes.
//!
//! # Layout
//! - `ports`: where services listen behind their links; whether anybody listens somewhere.
//! - [`wiring`]: which links there are, and what the settings of the services become with them.
//! - `record`: what is known of the bytes that pass.
//! - [`thread`]: where all that passes them runs.
//! - [`LabLinks`] (`mesh.rs`): the links at work, each open for as long as something answers behind it.

mod mesh;
mod ports;
mod record;
pub mod thread;
pub mod wiring;

pub use mesh::{LabLinks, ShownLink};
pub use wiring::Wiring;

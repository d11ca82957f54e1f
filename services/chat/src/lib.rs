//! chat.
mod carried;
mod clock;
pub mod domain;
pub mod hub;
pub mod metrics;
pub mod relay;
pub mod settings;
pub mod store;
pub mod wire;

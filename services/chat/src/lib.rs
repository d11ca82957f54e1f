//! chat.
pub mod domain;
pub mod wire;

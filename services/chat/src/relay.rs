//! Between services: what is sent to the peers, and what is taken from them.

pub mod inbound;
pub mod outbound;

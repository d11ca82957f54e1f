//! The relay between services: sending to the peers, and accepting what they send.

pub mod inbound;
pub mod outbound;

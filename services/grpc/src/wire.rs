//! Messages as values of the domain, and back.
//!
//! # Layout
//! - [`request`]: what is asked, field by field, or what is wrong with it.
//! - [`message`]: users and changes as they are sent.
//! - [`token`]: places among users and changes, opaque to callers.
//! - [`status`]: refusals as `google.rpc.Status`.

pub mod message;
pub mod request;
pub mod status;
pub mod token;

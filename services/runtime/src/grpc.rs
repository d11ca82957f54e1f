//! gRPC by the same rules as everything else here: spans, metrics, limits, deadlines, a drain.
//!
//! - [`client`]: calls to every server behind a name, with retries within a budget.

pub mod client;

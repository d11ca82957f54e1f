//! Where the log is: in this process, perhaps on its disk, or in Redis.

pub mod journal;
mod local;
pub mod shared;

pub use local::LocalLog;

//! Where the log is: in this process, perhaps on its disk.

pub mod journal;
mod local;

pub use local::Local;

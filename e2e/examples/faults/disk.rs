//! Disks that can be broken under whoever writes on them.

mod frail;
mod small;

pub(crate) use frail::FrailDisk;
pub(crate) use small::SmallDisk;

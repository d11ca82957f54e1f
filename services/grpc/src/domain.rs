//! Users, their rules, and the changes that they undergo. No async, no I/O, no clock: time and
//! chance are given.

mod change;
mod directory;
mod log;
mod page;
mod refused;
mod text;
mod user;

pub use change::{Change, ChangeKind, Position};
pub use directory::{Directory, REQUEST_TTL, Rules};
pub use log::Log;
pub use page::{MAX_PAGE, Page, PageSize};
pub use refused::{Refused, Violation};
pub use text::{Email, Name, RequestId};
pub use user::{Chance, Moment, NewUser, Patch, User, UserId, Version};

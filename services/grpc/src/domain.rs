//! Users, their rules, and the changes that they undergo. No async, no I/O, no clock: time and
//! random bits are given.

mod change;
mod directory;
mod page;
mod recent_changes;
mod refusal;
mod text;
mod user;

pub use change::{Change, ChangeKind, Position};
pub use directory::{Directory, REQUEST_TTL, Rules};
pub use page::{MAX_PAGE, Page, PageSize};
pub use recent_changes::RecentChanges;
pub use refusal::{Refusal, Violation};
pub use text::{Email, Name, RequestId};
pub use user::{NewUser, Patch, RandomBits, Timestamp, User, UserId, Version};

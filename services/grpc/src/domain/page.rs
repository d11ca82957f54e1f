//! Users by pages.

use super::user::{User, UserId};

/// The most users on one page.
pub const MAX_PAGE: usize = 1000;

/// How many users are on a page where nobody says.
const DEFAULT_PAGE: usize = 50;

/// How many users are on a page at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(usize);

impl PageSize {
    /// This many; 0 means the default.
    pub fn new(size: i32) -> Option<Self> {
        match usize::try_from(size).ok()? {
            0 => Some(Self(DEFAULT_PAGE)),
            size @ 1..=MAX_PAGE => Some(Self(size)),
            _ => None,
        }
    }

    /// The number.
    pub fn get(self) -> usize {
        self.0
    }
}

/// A page of users, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// They themselves.
    pub users: Vec<User>,
    /// After whom the next page begins, where there is one.
    pub next: Option<UserId>,
}

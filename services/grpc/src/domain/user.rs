//! A user, its id, and how it comes to be.

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::text::{Email, Name};

/// A moment: milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// A moment later by this long; for ever where that is beyond all time.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

/// Bits at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomBits(pub [u8; 10]);

/// A user's id, a UUID of version 7 (RFC 9562, 5.7). Ids sort by creation, to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Uuid);

impl UserId {
    /// The id of a user who is created now.
    pub fn new(now: Timestamp, random: RandomBits) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(now.0, &random.0).into_uuid())
    }

    /// The text as an id, if it is one: hyphenated, of version 7.
    pub fn parse(text: &str) -> Option<Self> {
        // The parser takes other forms too; one id must have one text.
        let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36)?;
        (id.get_version_num() == 7).then_some(Self(id))
    }

    /// The 16 bytes of an id, if they are one.
    pub fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        let id = Uuid::from_bytes(bytes);
        (id.get_version_num() == 7).then_some(Self(id))
    }

    /// Its 16 bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Which state of a user: 1 after its creation, one more after each change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// What callers know it by.
    pub fn etag(self) -> String {
        format!("v{:x}", self.0)
    }

    /// What an etag stands for. One that no user can have stands for version 0, which none has.
    pub fn of_etag(etag: &str) -> Self {
        let digits = etag.strip_prefix('v').unwrap_or_default();
        let version = u64::from_str_radix(digits, 16).map_or(Self(0), Self);
        if version.etag() == etag {
            version
        } else {
            Self(0)
        }
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name.
    pub name: Name,
    /// Its e-mail address.
    pub email: Email,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// When it will be gone, unless it is changed before.
    pub expires: Option<Timestamp>,
    /// Which of its states this is.
    pub version: Version,
}

/// What a user is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Its name.
    pub name: Name,
    /// Its e-mail address.
    pub email: Email,
}

/// What changes of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// Its new name.
    pub name: Option<Name>,
    /// Its new e-mail address.
    pub email: Option<Email>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_as_text_too() {
        let ids = [1, 2, 1_700_000_000_000, 1_700_000_000_001].map(|at| {
            let id = UserId::new(Timestamp(at), RandomBits([0xff; 10]));
            assert_eq!(UserId::parse(&id.to_string()), Some(id));
            assert_eq!(UserId::from_bytes(*id.bytes()), Some(id));
            (id, id.to_string())
        });
        assert!(ids.is_sorted());
        assert!(ids.iter().map(|(_, text)| text).is_sorted());
    }

    #[test]
    fn other_texts_are_no_ids() {
        let id = UserId::new(Timestamp(1), RandomBits([7; 10])).to_string();
        for wrong in [
            "",
            "1",
            &id.replace('-', ""),
            &format!("{{{id}}}"),
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        ] {
            assert_eq!(UserId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_etag_stands_for_one_version() {
        assert_eq!(Version::of_etag(&Version(300).etag()), Version(300));
        for other in [
            "",
            "v",
            "12c",
            "v012c",
            "V12c",
            "v12C",
            "v-1",
            "v11111111111111111",
        ] {
            assert_eq!(Version::of_etag(other), Version(0), "{other}");
        }
    }
}

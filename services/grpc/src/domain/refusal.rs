//! Why something is not done.

use std::fmt;

use super::user::UserId;
use crate::texts;

/// Why something is not done although everything works.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What was sent is wrong, field by field.
    #[error("{}", texts::server::invalid(.0))]
    Invalid(Vec<Violation>),
    /// No user has this id, or it has expired.
    #[error("{}", texts::server::not_found(.0))]
    NotFound(UserId),
    /// Another user has this e-mail.
    #[error("{}", texts::server::email_taken(.0))]
    EmailTaken(String),
    /// The user has changed since its version was read.
    #[error("{}", texts::server::VERSION_DIFFERS)]
    VersionDiffers,
    /// The request's id was used for another creation.
    #[error("{}", texts::server::REQUEST_DIFFERS)]
    RequestDiffers,
    /// Changes after this position are not kept any more.
    #[error("{}", texts::server::CHANGES_LOST)]
    ChangesLost,
    /// There are as many users as the store may hold.
    #[error("{}", texts::server::FULL)]
    Full,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, as the interface names it: `email`, `usuario.nome`.
    pub field: String,
    /// What would be right.
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.description)
    }
}

impl Refusal {
    /// A bounded name, for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound(_) => "not_found",
            Self::EmailTaken(_) => "email_taken",
            Self::VersionDiffers => "version_differs",
            Self::RequestDiffers => "request_differs",
            Self::ChangesLost => "changes_lost",
            Self::Full => "full",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::user::{RandomBits, Timestamp};
    use super::*;

    #[test]
    fn each_refusal_is_counted_by_a_name_of_its_own() {
        let id = UserId::new(Timestamp(1), RandomBits([0; 10]));
        for (refusal, code) in [
            (Refusal::Invalid(Vec::new()), "invalid"),
            (Refusal::NotFound(id), "not_found"),
            (Refusal::EmailTaken(String::new()), "email_taken"),
            (Refusal::VersionDiffers, "version_differs"),
            (Refusal::RequestDiffers, "request_differs"),
            (Refusal::ChangesLost, "changes_lost"),
            (Refusal::Full, "full"),
        ] {
            assert_eq!(refusal.code(), code);
        }
    }
}

//! A call whose messages may be understood later.

use serde::Serialize;

use crate::pieces::Piece;

/// A call of a service whose descriptors were not given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The service.
    pub service: String,
    /// The method.
    pub method: String,
    /// Whether its descriptors are known now.
    pub is_known: bool,
    /// What is to be understood later.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
}

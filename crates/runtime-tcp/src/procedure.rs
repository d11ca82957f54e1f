//! What an exercise says of its protocol: one request and one answer a connection.

use super::proxy::HeaderError;
use runtime::net::Refusal;

/// A remote procedure: it knows its request and its answer, and nothing of connections.
pub trait Procedure: Send + Sync + 'static {
    /// The protocol's name, in spans and metrics.
    const PROTOCOL: &'static str;
    /// The procedure's name, which is its spans' name.
    const NAME: &'static str;
    /// The longest request in bytes, its end included.
    const MAX_REQUEST: usize;

    /// How long the request is, where these bytes hold a whole one. Without such a mark, the end
    /// of input or a pause ends it.
    fn whole(&self, received: &[u8]) -> Option<usize> {
        let _ = received;
        None
    }

    /// Whether a pause after these bytes may be the end of the request.
    fn may_end(&self, received: &[u8]) -> bool {
        let _ = received;
        true
    }

    /// Does what was asked for.
    fn answer(&self, request: &[u8]) -> Answer;

    /// The last word to a client whose request never came to [`Procedure::answer`].
    fn refuse(&self, refused: Refused) -> String;
}

/// What a procedure answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is sent.
    pub text: String,
    /// A bounded name of how it went: `ok`, or why not.
    pub outcome: &'static str,
}

/// Why a request is not put to the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not a byte of it came in time.
    Silent,
    /// It began, and did not end in time.
    TooSlow,
    /// It is longer than [`Procedure::MAX_REQUEST`].
    TooLong,
    /// The PROXY header before it is broken.
    Header(HeaderError),
    /// There is no room for the connection.
    Busy(Refusal),
}

impl Refused {
    /// A bounded name, for spans and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Silent => "first_byte_timeout",
            Self::TooSlow => "request_timeout",
            Self::TooLong => "too_long",
            Self::Header(_) => "proxy_header",
            Self::Busy(refusal) => refusal.code(),
        }
    }
}

//! What an exercise declares of its protocol: one request and one answer a connection.

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

    /// The length of the request, if these bytes hold a complete one. Without an end mark, the end of
    /// input or a pause ends the request.
    fn request_len(&self, received: &[u8]) -> Option<usize> {
        let _ = received;
        None
    }

    /// Whether a pause after these bytes may end the request.
    fn may_end_at_pause(&self, received: &[u8]) -> bool {
        let _ = received;
        true
    }

    /// Whether these bytes, which came together, are one key of a person who types. The next may
    /// then take longer than a pause.
    fn is_a_key(&self, piece: &[u8]) -> bool {
        let _ = piece;
        false
    }

    /// Answers a request.
    fn answer(&self, request: &[u8]) -> Answer;

    /// The last word to a client whose request never came to [`Procedure::answer`].
    fn refuse(&self, refused: RequestRefusal) -> String;
}

/// What a procedure answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is sent.
    pub text: String,
    /// A bounded name of how it went: `ok`, or why not.
    pub outcome: &'static str,
}

/// Why a request does not reach the procedure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestRefusal {
    /// No byte of it came in time.
    Silent,
    /// It began but did not end in time.
    TooSlow,
    /// It is longer than [`Procedure::MAX_REQUEST`].
    TooLong,
    /// The PROXY header before it is broken.
    Header(HeaderError),
    /// A limit on connections is reached.
    Busy(Refusal),
}

impl RequestRefusal {
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

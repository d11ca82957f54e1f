//! What a connection has sent so far: perhaps headers, and a request. Pure: it never waits.

mod headers;

use opentelemetry::trace::SpanContext;

use super::Procedure;
use super::proxy::{self, HeaderError};
use headers::Headers;

/// The bytes received, and what is known of them.
#[derive(Debug)]
pub struct Incoming {
    /// Everything, from the connection's first byte.
    received: Vec<u8>,
    headers: Headers,
    /// How much of the request has been looked at.
    seen: usize,
    /// Whether the request has come key by key so far, as a person types it.
    is_typed: bool,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            received: Vec::new(),
            headers: Headers::default(),
            seen: 0,
            is_typed: true,
        }
    }
}

/// What to do after the bytes that have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait for more.
    Wait(Wait),
    /// The request is complete; further bytes would not change it.
    Complete,
    /// The request is longer than any may be.
    TooLong,
    /// What began as a header is none.
    BadHeader(HeaderError),
}

/// What more bytes are waited for, and with how much patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The first byte of the request: nothing has begun.
    FirstByte,
    /// Whatever may follow: a pause ends the request.
    Pause,
    /// The next key of a person, who needs longer for it.
    Key,
    /// The rest of something that has begun: a header, a character.
    Rest,
}

impl Incoming {
    /// Where the next bytes go.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.received
    }

    /// Looks at what has come since the last look.
    pub fn step<P: Procedure>(&mut self, procedure: &P) -> Step {
        if let Err(error) = self.headers.read(&self.received) {
            return Step::BadHeader(error);
        }
        let request = &self.received[self.headers.length()..];
        if request.is_empty() {
            return Step::Wait(Wait::FirstByte);
        }
        if !self.headers.are_whole() && !proxy::may_be_a_request(request) {
            return Step::Wait(Wait::Rest);
        }
        let piece = &request[self.seen.min(request.len())..];
        self.seen = request.len();
        self.is_typed &= procedure.is_a_key(piece);
        if !self.headers.are_whole() {
            Step::Wait(self.wait_for_more())
        } else if procedure.request_len(request).is_some() {
            Step::Complete
        } else if request.len() > P::MAX_REQUEST {
            Step::TooLong
        } else if procedure.may_end_at_pause(request) {
            Step::Wait(self.wait_for_more())
        } else {
            Step::Wait(Wait::Rest)
        }
    }

    fn wait_for_more(&self) -> Wait {
        if self.is_typed {
            Wait::Key
        } else {
            Wait::Pause
        }
    }

    /// The request, once its client has ended the input or paused.
    pub fn request<P: Procedure>(&self, procedure: &P) -> Result<&[u8], HeaderError> {
        let all = self.after_headers();
        if !self.headers.are_whole() && !proxy::may_be_a_request(all) {
            return Err(HeaderError::Truncated);
        }
        Ok(&all[..procedure.request_len(all).unwrap_or(all.len())])
    }

    /// Whether bytes have come after the end of the request.
    pub fn has_more_than<P: Procedure>(&self, procedure: &P) -> bool {
        let all = self.after_headers();
        procedure
            .request_len(all)
            .is_some_and(|whole| whole < all.len())
    }

    /// Whether anything has come that asks for an answer: a byte of a request, or at least a trace.
    /// A load balancer that looks whether somebody listens sends neither.
    pub fn is_a_call(&self) -> bool {
        !self.after_headers().is_empty() || self.context().is_some()
    }

    /// Whether it is known if the client sent a trace context.
    pub fn is_decided(&self) -> bool {
        self.headers.are_whole()
    }

    /// The trace context that the client sent, if any.
    pub fn context(&self) -> Option<&SpanContext> {
        self.headers.context()
    }

    fn after_headers(&self) -> &[u8] {
        &self.received[self.headers.length()..]
    }
}

#[cfg(test)]
mod tests;

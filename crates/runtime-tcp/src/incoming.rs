//! What a connection has sent so far: perhaps a header, and a request. Pure: it never waits.

use opentelemetry::trace::SpanContext;

use super::Procedure;
use super::proxy::{self, Decoded, HeaderError, SIGNATURE};

/// The bytes received, and what is known of them.
#[derive(Debug, Default)]
pub struct Incoming {
    /// Everything, from the connection's first byte.
    received: Vec<u8>,
    header: Header,
}

#[derive(Debug, Default)]
enum Header {
    /// What came may still become one.
    #[default]
    Undecided,
    /// There is none, or one of this length.
    Decided {
        length: usize,
        context: Option<SpanContext>,
    },
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
    /// The rest of something that has begun: a header, a character.
    Rest,
}

impl Incoming {
    /// Where the next bytes go.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.received
    }

    /// Looks at what has come.
    pub fn step<P: Procedure>(&mut self, procedure: &P) -> Step {
        if let Header::Undecided = self.header {
            match proxy::decode(&self.received) {
                Decoded::NeedMore => return Step::Wait(self.wait_for_header()),
                Decoded::Invalid(error) => return Step::BadHeader(error),
                Decoded::NotProxy => {
                    self.header = Header::Decided {
                        length: 0,
                        context: None,
                    }
                }
                Decoded::Header { length, context } => {
                    self.header = Header::Decided { length, context };
                }
            }
        }
        let request = self.after_header();
        if request.is_empty() {
            Step::Wait(Wait::FirstByte)
        } else if procedure.request_len(request).is_some() {
            Step::Complete
        } else if request.len() > P::MAX_REQUEST {
            Step::TooLong
        } else if procedure.may_end_at_pause(request) {
            Step::Wait(Wait::Pause)
        } else {
            Step::Wait(Wait::Rest)
        }
    }

    fn wait_for_header(&self) -> Wait {
        match self.received.len() {
            0 => Wait::FirstByte,
            _ if self.may_be_a_request() => Wait::Pause,
            _ => Wait::Rest,
        }
    }

    /// Whether what begins like a header may be a request: nothing has come beyond the signature.
    fn may_be_a_request(&self) -> bool {
        self.received.len() <= SIGNATURE.len()
    }

    /// The request, once its client has ended the input or paused.
    pub fn request<P: Procedure>(&self, procedure: &P) -> Result<&[u8], HeaderError> {
        if let Header::Undecided = self.header
            && !self.may_be_a_request()
        {
            return Err(HeaderError::Truncated);
        }
        let all = self.after_header();
        Ok(&all[..procedure.request_len(all).unwrap_or(all.len())])
    }

    /// Whether bytes have come after the end of the request.
    pub fn has_more_than<P: Procedure>(&self, procedure: &P) -> bool {
        let all = self.after_header();
        procedure
            .request_len(all)
            .is_some_and(|whole| whole < all.len())
    }

    /// Whether no byte has come.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty()
    }

    /// Whether it is known if the client sent a trace context.
    pub fn is_decided(&self) -> bool {
        matches!(self.header, Header::Decided { .. })
    }

    /// The trace context that the client sent, if any.
    pub fn context(&self) -> Option<&SpanContext> {
        match &self.header {
            Header::Decided { context, .. } => context.as_ref(),
            Header::Undecided => None,
        }
    }

    fn after_header(&self) -> &[u8] {
        match self.header {
            Header::Decided { length, .. } => &self.received[length..],
            Header::Undecided => &self.received,
        }
    }
}

#[cfg(test)]
mod tests;

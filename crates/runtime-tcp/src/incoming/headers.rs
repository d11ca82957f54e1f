//! The headers at the start of a connection: none, the client's, and one of each proxy between.

use opentelemetry::trace::SpanContext;

use crate::proxy::{self, Decoded, HeaderError, MAX_HEADERS};

/// What is known of the headers so far.
#[derive(Debug, Default)]
pub(super) struct Headers {
    count: usize,
    /// How many bytes they take.
    length: usize,
    context: Option<SpanContext>,
    are_whole: bool,
}

impl Headers {
    /// Reads as many of them as have come.
    pub(super) fn read(&mut self, received: &[u8]) -> Result<(), HeaderError> {
        while !self.are_whole {
            let rest = &received[self.length..];
            match proxy::decode(rest) {
                Decoded::NotProxy => self.are_whole = true,
                _ if proxy::may_be_a_request(rest) => break,
                _ if self.count == MAX_HEADERS => return Err(HeaderError::TooMany),
                Decoded::NeedMore => break,
                Decoded::Invalid(error) => return Err(error),
                Decoded::Header { length, context } => {
                    self.count += 1;
                    self.length += length;
                    // Each proxy puts its own header in front: the last is the client's.
                    self.context = context.or(self.context.take());
                }
            }
        }
        Ok(())
    }

    /// How many bytes of all that came are headers.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Whether no further header can come.
    pub(super) fn are_whole(&self) -> bool {
        self.are_whole
    }

    /// The context of the innermost header that has one.
    pub(super) fn context(&self) -> Option<&SpanContext> {
        self.context.as_ref()
    }
}

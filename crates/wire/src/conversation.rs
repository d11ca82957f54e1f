//! One connection: which protocol it speaks.

use crate::buffer::{Buffer, MOST_BUFFERED, raw_message};
use crate::descriptors::Descriptors;
use crate::http1::Http1;
use crate::http2::{Http2, PREFACE};
use crate::message::{Layer, Message, Side, TraceContext};
use crate::proxy::{Header, header};
use crate::{http1, http2, resp};

/// What passes over one connection.
#[derive(Debug)]
pub struct Conversation {
    descriptors: Descriptors,
    speaks: Speaks,
    client: Buffer,
    server: Buffer,
    /// Layers that stand before the client's first message.
    before: Vec<Layer>,
    /// The context that a PROXY header carried.
    context: Option<TraceContext>,
}

#[derive(Debug)]
enum Speaks {
    /// Not known before the client's first bytes.
    Unknown,
    Http1(Box<Http1>),
    Http2(Box<Http2>),
    Resp,
    Raw,
}

impl Conversation {
    /// A connection that has just been opened.
    pub fn new(descriptors: &Descriptors) -> Self {
        Self {
            descriptors: descriptors.clone(),
            speaks: Speaks::Unknown,
            client: Buffer::default(),
            server: Buffer::default(),
            before: Vec::new(),
            context: None,
        }
    }

    /// Bytes have passed. What is complete with them comes out.
    pub fn push(&mut self, side: Side, bytes: &[u8]) -> Vec<Message> {
        self.buffer(side).bytes.extend_from_slice(bytes);
        let mut messages = Vec::new();
        if matches!(self.speaks, Speaks::Unknown) {
            if side == Side::Client || self.may_speak_first() {
                if !self.detect() {
                    return messages;
                }
            } else {
                // Whoever is answered has said all that is to be known of it.
                self.settle();
            }
            // What the other side has said before.
            let other = match side {
                Side::Client => Side::Server,
                Side::Server => Side::Client,
            };
            self.read(other, &mut messages);
        }
        self.read(side, &mut messages);
        messages
    }

    /// Bytes have passed that nobody wants to see: only what is needed to understand what comes after
    /// them is read. Says how many messages they are.
    pub fn skip(&mut self, side: Side, bytes: &[u8]) -> usize {
        let (speaks, buffer) = match side {
            Side::Client => (&mut self.speaks, &mut self.client),
            Side::Server => (&mut self.speaks, &mut self.server),
        };
        let Speaks::Http1(http) = speaks else {
            return self.push(side, bytes).len();
        };
        buffer.bytes.extend_from_slice(bytes);
        let skipped = http.skip(side, buffer);
        if buffer.bytes.is_empty() {
            return skipped;
        }
        skipped + self.push(side, &[]).len()
    }

    /// Both sides have ended. What they have said comes out, complete or not.
    pub fn end(&mut self) -> Vec<Message> {
        let mut messages = self.finish(Side::Client);
        messages.extend(self.finish(Side::Server));
        messages
    }

    /// A side has ended. What it has said comes out, complete or not.
    pub fn finish(&mut self, side: Side) -> Vec<Message> {
        let mut messages = Vec::new();
        if matches!(self.speaks, Speaks::Unknown) {
            self.settle();
        }
        self.read(side, &mut messages);
        messages.extend(self.rest(side));
        messages
    }

    fn buffer(&mut self, side: Side) -> &mut Buffer {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Finds the protocol by the client's first bytes; says whether it is known now.
    fn detect(&mut self) -> bool {
        // Each proxy on the way puts a header of its own in front.
        loop {
            match header(&self.client.bytes, self.client.offset) {
                Header::Complete(layer, context) => {
                    self.client.offset = layer.end;
                    self.before.push(layer);
                    self.context = context.or(self.context.take());
                }
                Header::Incomplete => return false,
                Header::None => break,
            }
        }
        let first = self
            .client
            .bytes
            .get(self.client.offset..)
            .unwrap_or_default();
        if first.is_empty() {
            return false;
        }
        if first.starts_with(PREFACE) {
            self.speaks = Speaks::Http2(Box::new(Http2::new(self.descriptors.clone())));
        } else if PREFACE.starts_with(first) && first.len() > 3 {
            return false;
        } else if http1::is_request(first) {
            self.speaks = Speaks::Http1(Box::default());
        } else if resp::is_command(first) {
            self.speaks = Speaks::Resp;
        } else {
            self.speaks = Speaks::Raw;
        }
        true
    }

    /// Whether the server may have said what it has before its client said anything, as servers of
    /// HTTP/2 do.
    fn may_speak_first(&self) -> bool {
        let said = &self.server.bytes;
        http2::begins(said) && said.len() <= MOST_BUFFERED
    }

    /// Decides by what there is.
    fn settle(&mut self) {
        if !self.detect() {
            self.speaks = Speaks::Raw;
        }
    }

    fn read(&mut self, side: Side, messages: &mut Vec<Message>) {
        let first = messages.len();
        let (speaks, buffer) = match side {
            Side::Client => (&mut self.speaks, &mut self.client),
            Side::Server => (&mut self.speaks, &mut self.server),
        };
        match speaks {
            Speaks::Unknown => {}
            Speaks::Http1(http) => http.read(side, buffer, messages),
            Speaks::Http2(http) => http.read(side, buffer, messages),
            Speaks::Resp => resp::read(side, buffer, messages),
            Speaks::Raw => messages.extend(raw_message(side, buffer)),
        }
        if buffer.bytes.len() > MOST_BUFFERED {
            messages.extend(raw_message(side, buffer));
        }
        self.complete(first, messages);
    }

    fn rest(&mut self, side: Side) -> Vec<Message> {
        let mut messages = Vec::new();
        messages.extend(raw_message(side, self.buffer(side)));
        self.complete(0, &mut messages);
        messages
    }

    /// Adds what is known of the connection to its messages.
    fn complete(&mut self, first: usize, messages: &mut [Message]) {
        for message in messages.iter_mut().skip(first) {
            if message.side == Side::Client && !self.before.is_empty() {
                let before = std::mem::take(&mut self.before);
                message.layers.splice(0..0, before);
                message.trace = message.trace.take().or_else(|| self.context.clone());
            }
            let known = self.context.as_ref().map(TraceContext::on_connection);
            message.trace = message.trace.take().or(known);
        }
    }
}

#[cfg(test)]
mod tests;

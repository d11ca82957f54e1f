//! HTTP/1.1, and the way to a WebSocket.

use std::collections::VecDeque;

use crate::buffer::{Buffer, raw_message};
use crate::message::{Field, Layer, Message, Side, TraceContext, printable, short};
use crate::secret::{MASK, is_secret, mask};
use crate::{fields, websocket};

/// Both sides of a connection.
#[derive(Debug, Default)]
pub(crate) struct Http1 {
    client: State,
    server: State,
    /// Requests that are not answered yet: method, context, and whether it asks for a WebSocket.
    asked: VecDeque<(String, Option<TraceContext>)>,
}

/// What a side says next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of a body.
    Body(usize, Option<TraceContext>),
    /// Chunks of a body.
    Chunks(Option<TraceContext>),
    /// A body that ends with the connection.
    ToTheEnd(Option<TraceContext>),
    /// Frames of a WebSocket.
    Frames,
}

const METHODS: [&[u8]; 9] = [
    b"GET ",
    b"POST ",
    b"PUT ",
    b"PATCH ",
    b"DELETE ",
    b"HEAD ",
    b"OPTIONS ",
    b"CONNECT ",
    b"TRACE ",
];

/// A body up to this size comes out with its head.
const WITH_HEAD: usize = 16 * 1024;

/// Whether a client begins a request.
pub(crate) fn is_request(first: &[u8]) -> bool {
    METHODS.iter().any(|method| first.starts_with(method))
}

/// A head, as far as it decides what follows.
struct Head {
    layer: Layer,
    summary: String,
    end: usize,
    method: String,
    status: u16,
    framing: Framing,
    secrets: Vec<(usize, usize)>,
}

/// What the headers say of the body, and of the trace.
#[derive(Debug, Default)]
struct Framing {
    length: Option<usize>,
    is_chunked: bool,
    trace: Option<TraceContext>,
}

impl Framing {
    fn heed(&mut self, header: &httparse::Header<'_>) {
        let is = |name| header.name.eq_ignore_ascii_case(name);
        let text = || String::from_utf8_lossy(header.value);
        if is("content-length") {
            self.length = text().trim().parse().ok();
        } else if is("transfer-encoding") {
            self.is_chunked = text().to_ascii_lowercase().contains("chunked");
        } else if is("traceparent") {
            self.trace = TraceContext::parse(&text());
        }
    }

    fn of(headers: &[httparse::Header<'_>]) -> Self {
        let mut framing = Self::default();
        for header in headers {
            framing.heed(header);
        }
        framing
    }
}

/// Whether a side's message has a body. `method` is of the request.
fn has_body(side: Side, method: &str, status: u16) -> bool {
    side == Side::Client || !(method == "HEAD" || status / 100 == 1 || matches!(status, 204 | 304))
}

impl Http1 {
    pub(crate) fn read(&mut self, side: Side, buffer: &mut Buffer, messages: &mut Vec<Message>) {
        loop {
            let state = match side {
                Side::Client => self.client.clone(),
                Side::Server => self.server.clone(),
            };
            let message = match state {
                State::Head => self.head(side, buffer),
                State::Body(left, trace) => self.body(side, buffer, left, trace),
                State::Chunks(trace) => self.chunk(side, buffer, trace),
                State::ToTheEnd(trace) => {
                    raw_message(side, buffer).map(|message| Message { trace, ..message })
                }
                State::Frames => websocket::read(side, buffer),
            };
            match message {
                Some(message) => messages.push(message),
                None => return,
            }
        }
    }

    /// Goes past what a side says, as far as it is plain: messages that are all here. Says how many
    /// they are. What is not plain is left to be read.
    pub(crate) fn skip(&mut self, side: Side, buffer: &mut Buffer) -> usize {
        let mut skipped = 0;
        while let Some(end) = self.plain(side, buffer) {
            buffer.bytes.drain(..end);
            skipped += 1;
        }
        skipped
    }

    /// The end of a plain message, which is heeded.
    fn plain(&mut self, side: Side, buffer: &Buffer) -> Option<usize> {
        let state = match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        };
        if *state != State::Head || buffer.offset > 0 {
            return None;
        }
        let mut headers = [httparse::EMPTY_HEADER; 96];
        let (end, framing, asks) = if side == Side::Client {
            let mut request = httparse::Request::new(&mut headers);
            let parsed = request.parse(&buffer.bytes).ok()?;
            let httparse::Status::Complete(end) = parsed else {
                return None;
            };
            (end, Framing::of(request.headers), request.method)
        } else {
            let mut response = httparse::Response::new(&mut headers);
            let parsed = response.parse(&buffer.bytes).ok()?;
            let (httparse::Status::Complete(end), Some(status @ 200..)) = (parsed, response.code)
            else {
                return None;
            };
            let (method, _) = self.asked.front()?;
            let framing = Framing::of(response.headers);
            let has_body = has_body(side, method, status);
            if has_body && framing.length.is_none() {
                return None;
            }
            let length = framing.length.filter(|_| has_body);
            (end, Framing { length, ..framing }, None)
        };
        let length = framing.length.unwrap_or_default();
        let end = end.checked_add(length)?;
        if framing.is_chunked || length > WITH_HEAD || end > buffer.bytes.len() {
            return None;
        }
        match side {
            Side::Client => {
                let method = asks.unwrap_or_default().to_owned();
                self.asked.push_back((method, framing.trace));
            }
            Side::Server => drop(self.asked.pop_front()),
        }
        Some(end)
    }

    fn turn(&mut self, side: Side, state: State) {
        match side {
            Side::Client => self.client = state,
            Side::Server => self.server = state,
        }
    }

    fn head(&mut self, side: Side, buffer: &mut Buffer) -> Option<Message> {
        if buffer.rest().is_empty() {
            return None;
        }
        let head = match side {
            Side::Client => request(buffer),
            Side::Server => response(buffer),
        };
        let head = match head {
            Parsed::Head(head) => head,
            Parsed::Incomplete => return None,
            // It comes out as it is.
            Parsed::NotHttp => return raw_message(side, buffer),
        };
        let (method, context) = match side {
            Side::Client => (head.method.clone(), None),
            Side::Server if head.status / 100 == 1 && head.status != 101 => (String::new(), None),
            Side::Server => self.asked.pop_front().unwrap_or_default(),
        };
        let has_body = has_body(side, &method, head.status);
        let length = head.framing.length.filter(|_| has_body);
        let together = length.filter(|length| *length <= WITH_HEAD);
        if let Some(length) = together
            && buffer.bytes.len() < head.end + length
        {
            return None;
        }
        let trace = head
            .framing
            .trace
            .clone()
            .or_else(|| context.map(|context| context.on_connection()));
        let next = match (has_body, head.framing.is_chunked, length) {
            _ if side == Side::Server && head.status == 101 => {
                self.client = State::Frames;
                State::Frames
            }
            (true, true, _) => State::Chunks(trace.clone()),
            (true, false, Some(length)) if together.is_none() => State::Body(length, trace.clone()),
            (true, false, None) if side == Side::Server => State::ToTheEnd(trace.clone()),
            _ => State::Head,
        };
        if side == Side::Client {
            self.asked.push_back((method, head.framing.trace.clone()));
        }
        self.turn(side, next);
        let (mut bytes, _) = buffer.take(head.end + together.unwrap_or_default());
        for (start, end) in head.secrets {
            mask(&mut bytes, start, end);
        }
        let mut layers = vec![head.layer];
        let body = bytes.get(head.end..).unwrap_or_default();
        let text = printable(body).map(str::to_owned);
        if !body.is_empty() {
            layers.push(body_layer(body, head.end, bytes.len()));
        }
        Some(Message {
            side,
            protocol: "http/1.1",
            summary: head.summary,
            text,
            trace,
            call: None,
            layers,
            bytes,
        })
    }

    fn body(
        &mut self,
        side: Side,
        buffer: &mut Buffer,
        left: usize,
        trace: Option<TraceContext>,
    ) -> Option<Message> {
        if buffer.bytes.is_empty() {
            return None;
        }
        let (bytes, _) = buffer.take(left);
        let left = left - bytes.len();
        self.turn(
            side,
            if left == 0 {
                State::Head
            } else {
                State::Body(left, trace.clone())
            },
        );
        Some(part(side, "body", bytes, 0, trace))
    }

    fn chunk(
        &mut self,
        side: Side,
        buffer: &mut Buffer,
        trace: Option<TraceContext>,
    ) -> Option<Message> {
        let (start, size) = match httparse::parse_chunk_size(buffer.rest()) {
            Ok(httparse::Status::Complete(found)) => found,
            Ok(httparse::Status::Partial) => return None,
            Err(_) => {
                self.turn(side, State::ToTheEnd(trace));
                return raw_message(side, buffer);
            }
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        // A trailer is rare; the last chunk ends with an empty line.
        let end = start.saturating_add(size).saturating_add(2);
        if buffer.bytes.len() < end {
            return None;
        }
        let (bytes, _) = buffer.take(end);
        if size == 0 {
            self.turn(side, State::Head);
        }
        let name = if size == 0 { "last chunk" } else { "chunk" };
        Some(part(side, name, bytes, start, trace))
    }
}

/// A part of a body.
fn part(
    side: Side,
    name: &'static str,
    bytes: Vec<u8>,
    start: usize,
    trace: Option<TraceContext>,
) -> Message {
    let here = bytes.get(start..).unwrap_or_default();
    let text = printable(here).map(str::to_owned);
    let shown = text.as_deref().unwrap_or_default().trim();
    Message {
        side,
        protocol: "http/1.1",
        summary: format!("{name}: {}", short(shown)).trim_end().to_owned(),
        layers: vec![Layer {
            name: "HTTP/1.1 body",
            section: "RFC 9112, 7.1",
            start: 0,
            end: bytes.len(),
            fields: vec![Field::new(
                name,
                format!("{} bytes", here.len()),
                start,
                bytes.len(),
            )],
        }],
        text,
        trace,
        call: None,
        bytes,
    }
}

fn body_layer(body: &[u8], start: usize, end: usize) -> Layer {
    let shown = printable(body).map_or_else(|| format!("{} bytes", body.len()), short);
    Layer {
        name: "body",
        section: "RFC 9112, 6",
        start,
        end,
        fields: vec![Field::new("content", shown, start, end)],
    }
}

/// What the first bytes of a message are.
enum Parsed {
    Head(Box<Head>),
    Incomplete,
    NotHttp,
}

fn request(buffer: &Buffer) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(buffer.rest()) {
        Ok(httparse::Status::Partial) => Parsed::Incomplete,
        Err(_) => Parsed::NotHttp,
        Ok(httparse::Status::Complete(length)) => {
            let method = request.method.unwrap_or_default();
            let target = request.path.unwrap_or_default();
            let line = [("method", method), ("target", target)];
            let summary = short(&format!("{method} {target}"));
            let mut head = read_head(buffer, length, request.headers, &line);
            head.summary = summary;
            method.clone_into(&mut head.method);
            Parsed::Head(Box::new(head))
        }
    }
}

fn response(buffer: &Buffer) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(buffer.rest()) {
        Ok(httparse::Status::Partial) => Parsed::Incomplete,
        Err(_) => Parsed::NotHttp,
        Ok(httparse::Status::Complete(length)) => {
            let status = response.code.unwrap_or_default();
            let shown = status.to_string();
            let line = [("status", shown.as_str())];
            let summary = format!("{status} {}", response.reason.unwrap_or_default());
            let mut head = read_head(buffer, length, response.headers, &line);
            summary.trim_end().clone_into(&mut head.summary);
            head.status = status;
            Parsed::Head(Box::new(head))
        }
    }
}

fn read_head(
    buffer: &Buffer,
    length: usize,
    headers: &[httparse::Header<'_>],
    line: &[(&str, &str)],
) -> Head {
    let all = &buffer.bytes;
    let start = buffer.offset;
    let line_end = buffer
        .rest()
        .iter()
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .unwrap_or(length);
    let mut head = Head {
        layer: Layer {
            name: "HTTP/1.1",
            section: "RFC 9112",
            start,
            end: start + length,
            fields: Vec::new(),
        },
        summary: String::new(),
        end: start + length,
        method: String::new(),
        status: 0,
        framing: Framing::of(headers),
        secrets: Vec::new(),
    };
    for (name, value) in line {
        head.layer
            .fields
            .push(Field::new(*name, *value, start, start + line_end).described(fields::part(name)));
    }
    for header in headers {
        let text = String::from_utf8_lossy(header.value);
        let (from, to) = place(all, header);
        let name = header.name.to_ascii_lowercase();
        let shown = if is_secret(&name) {
            head.secrets.push((to - header.value.len(), to));
            MASK.to_owned()
        } else {
            text.into_owned()
        };
        head.layer
            .fields
            .push(Field::new(header.name, shown, from, to).described(fields::section(&name)));
    }
    head
}

/// Where a header stands in the bytes that it was read from.
fn place(all: &[u8], header: &httparse::Header<'_>) -> (usize, usize) {
    let base = all.as_ptr() as usize;
    let from = (header.name.as_ptr() as usize).saturating_sub(base);
    let to = (header.value.as_ptr() as usize).saturating_sub(base) + header.value.len();
    (
        from.min(all.len()),
        to.min(all.len()).max(header.value.len()),
    )
}

#[cfg(test)]
mod tests;

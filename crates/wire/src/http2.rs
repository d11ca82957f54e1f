//! Frames of HTTP/2 with their headers, and gRPC messages in them.

use std::collections::HashMap;
use std::fmt;

use loona_hpack::Decoder;

use crate::buffer::Buffer;
use crate::descriptors::Descriptors;
use crate::grpc::{Understood, understand};
use crate::message::{Field, Layer, Message, Side, TraceContext, hex, printable, short};
use crate::packed::{self, Coding};
use crate::pieces::Pieces;
use crate::secret::{MASK, is_secret, mask};
use crate::{fields, hpack};

/// What a client says first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether these are the first bytes of a server, which need not wait for its client: settings, of the
/// whole connection, which answer none (RFC 9113, 3.4 and 6.5).
pub(crate) fn begins(said: &[u8]) -> bool {
    let Some((head, _)) = said.split_first_chunk::<9>() else {
        return false;
    };
    let [_, _, length, 0x4, 0, 0, 0, 0, 0] = head else {
        return false;
    };
    head[..2] == [0, 0] && length % 6 == 0
}

/// Both sides of a connection.
pub(crate) struct Http2 {
    descriptors: Descriptors,
    client: Decoder<'static>,
    server: Decoder<'static>,
    /// By side: whether a header block was not read, and with it what later ones refer to.
    is_lost: [bool; 2],
    streams: HashMap<u32, Stream>,
    /// Bytes of header blocks and gRPC messages that wait for their ends.
    held: usize,
    has_begun: bool,
}

#[derive(Default)]
struct Stream {
    path: String,
    is_grpc: bool,
    trace: Option<TraceContext>,
    /// By what each side compresses its gRPC messages.
    codings: [Option<Coding>; 2],
    /// Pieces of a gRPC message, by side.
    pieces: [Pieces; 2],
    /// Pieces of a header block.
    block: Vec<u8>,
    /// By side.
    ended: [bool; 2],
}

impl Stream {
    fn held(&self) -> usize {
        let pieces = self.pieces.iter().map(Pieces::held).sum::<usize>();
        pieces + self.block.capacity()
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2")
            .field("streams", &self.streams.len())
            .finish_non_exhaustive()
    }
}

/// Streams that are remembered; a peer that opens more is read without them.
const MOST_STREAMS: usize = 1024;

/// A header block beyond this is not put together, nor a table of them kept.
const LARGEST_BLOCK: usize = 64 * 1024;

/// What all streams of a connection may hold together. Beyond it no message and no header block is put
/// together.
const MOST_HELD: usize = 1024 * 1024;

const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;

impl Http2 {
    pub(crate) fn new(descriptors: Descriptors) -> Self {
        Self {
            descriptors,
            client: decoder(),
            server: decoder(),
            is_lost: [false; 2],
            streams: HashMap::new(),
            held: 0,
            has_begun: false,
        }
    }

    /// Bytes of header blocks and gRPC messages that wait for their ends, counted anew.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        let held = self.streams.values().map(Stream::held).sum();
        assert_eq!(self.held, held);
        held
    }

    pub(crate) fn read(&mut self, side: Side, buffer: &mut Buffer, messages: &mut Vec<Message>) {
        if side == Side::Client && !self.has_begun {
            self.has_begun = true;
            let start = buffer.offset;
            let (bytes, _) = buffer.take(start + PREFACE.len());
            messages.push(Message {
                side,
                protocol: "http/2",
                summary: "connection preface".to_owned(),
                text: None,
                trace: None,
                call: None,
                layers: vec![layer(
                    "HTTP/2",
                    "RFC 9113, 3.4",
                    start,
                    bytes.len(),
                    Vec::new(),
                )],
                bytes,
            });
        }
        while let Some(message) = self.frame(side, buffer) {
            messages.push(message);
        }
    }

    fn frame(&mut self, side: Side, buffer: &mut Buffer) -> Option<Message> {
        let head: [u8; 9] = buffer.bytes.get(..9)?.try_into().ok()?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        if buffer.bytes.len() < 9 + length {
            return None;
        }
        let (mut bytes, _) = buffer.take(9 + length);
        let name = frame_name(kind);
        let fields = vec![
            Field::new("length", length.to_string(), 0, 3),
            Field::new("type", name, 3, 4),
            Field::new("flags", format!("{flags:#04x}"), 4, 5),
            Field::new("stream", stream.to_string(), 5, 9),
        ];
        let mut layers = vec![layer(
            "HTTP/2 frame",
            "RFC 9113, 4.1",
            0,
            bytes.len(),
            fields,
        )];
        let mut summary = match stream {
            0 => name.to_owned(),
            stream => format!("{name} of stream {stream}"),
        };
        let (mut text, mut call) = (None, None);
        if self.streams.len() >= MOST_STREAMS && !self.streams.contains_key(&stream) {
            self.streams.clear();
            self.held = 0;
        }
        let payload = unpadded(kind, flags, &bytes);
        match kind {
            0x1 | 0x9 => {
                let found = self.headers(side, stream, flags, &bytes, payload, &mut layers);
                // What is not read, or not to its end, may hold a secret.
                let mut has_secret = true;
                if let Some((shown, found)) = found {
                    summary = format!("{name}: {shown}");
                    has_secret = found;
                }
                if has_secret {
                    let (start, end) = payload;
                    mask(&mut bytes, start, end);
                }
            }
            0x0 => {
                let understood = self.data(side, stream, &bytes, payload);
                layers.extend(understood.layers);
                call = understood.call;
                text = understood.text;
                if let Some(text) = &text {
                    summary = format!("{name}: {}", short(text));
                }
            }
            _ => layers.extend(other(kind, &bytes)),
        }
        let (trace, is_grpc) = self
            .streams
            .get(&stream)
            .map_or((None, false), |known| (known.trace.clone(), known.is_grpc));
        let carries = kind == 0x1 && side == Side::Client;
        let trace = if carries {
            trace
        } else {
            trace.map(|trace| trace.on_connection())
        };
        self.forget(side, stream, kind, flags);
        Some(Message {
            side,
            protocol: if is_grpc { "grpc" } else { "http/2" },
            summary: short(&summary),
            text,
            trace,
            call,
            layers,
            bytes,
        })
    }

    fn headers(
        &mut self,
        side: Side,
        id: u32,
        flags: u8,
        bytes: &[u8],
        (start, end): (usize, usize),
        layers: &mut Vec<Layer>,
    ) -> Option<(String, bool)> {
        let is_lost = &mut self.is_lost[side as usize];
        let piece = bytes.get(start..end)?;
        let stream = self.streams.entry(id).or_default();
        self.held -= stream.block.capacity();
        let room = LARGEST_BLOCK.min(MOST_HELD.saturating_sub(self.held));
        if stream.block.len() + piece.len() > room {
            *is_lost = true;
        }
        if *is_lost {
            stream.block = Vec::new();
            return None;
        }
        stream.block.extend_from_slice(piece);
        if flags & END_HEADERS == 0 {
            self.held += stream.block.capacity();
            return None;
        }
        let is_whole = stream.block.len() == end - start;
        let block = std::mem::take(&mut stream.block);
        let places = hpack::places(&block).filter(|_| is_whole);
        let decoder = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let Ok(decoded) = decoder.decode(&block) else {
            *is_lost = true;
            return None;
        };
        let (mut described, mut shown, mut has_secret) = (Vec::new(), Vec::new(), false);
        let places = places.filter(|places| places.len() == decoded.len());
        for (index, (name, value)) in decoded.iter().enumerate() {
            let name = String::from_utf8_lossy(name).into_owned();
            let value = String::from_utf8_lossy(value).into_owned();
            match name.as_str() {
                ":path" => stream.path.clone_from(&value),
                "content-type" => stream.is_grpc |= value.starts_with("application/grpc"),
                "grpc-encoding" => {
                    stream.codings[side as usize] = Coding::named(&value);
                }
                "traceparent" => stream.trace = TraceContext::parse(&value),
                _ => {}
            }
            if matches!(name.as_str(), ":method" | ":path" | ":status") {
                shown.push(value.clone());
            } else if matches!(name.as_str(), "grpc-status" | "grpc-message") {
                shown.push(format!("{name} {value}"));
            }
            let is_secret = is_secret(&name);
            has_secret |= is_secret;
            let value = if is_secret { MASK.to_owned() } else { value };
            let place = places.as_ref().and_then(|places| places.get(index));
            let (from, to) = place.map_or((start, end), |(from, to)| (start + from, start + to));
            let section = fields::section(&name);
            described.push(Field::new(name, value, from, to).described(section));
        }
        layers.push(layer("HPACK", "RFC 7541, 6", start, end, described));
        Some((shown.join(" "), has_secret))
    }

    fn data(
        &mut self,
        side: Side,
        id: u32,
        bytes: &[u8],
        (start, end): (usize, usize),
    ) -> Understood {
        let content = bytes.get(start..end).unwrap_or_default();
        let Some(stream) = self.streams.get_mut(&id).filter(|stream| stream.is_grpc) else {
            return Understood {
                text: printable(content).map(str::to_owned),
                ..Understood::default()
            };
        };
        let coding = stream.codings[side as usize];
        let pieces = &mut stream.pieces[side as usize];
        self.held -= pieces.held();
        let room = MOST_HELD.saturating_sub(self.held);
        let mut found = pieces.add(content, start, room);
        self.held += pieces.held();
        let mut room = packed::LARGEST;
        for piece in &mut found {
            piece.packing.open(&mut piece.content, coding, &mut room);
        }
        understand(found, &stream.path, side, &self.descriptors)
    }

    /// A stream that both sides have ended is not remembered.
    fn forget(&mut self, side: Side, id: u32, kind: u8, flags: u8) {
        let is_over = match self.streams.get_mut(&id) {
            Some(_) if kind == 0x3 => true,
            Some(stream) if matches!(kind, 0x0 | 0x1) && flags & END_STREAM != 0 => {
                stream.ended[side as usize] = true;
                stream.ended == [true; 2]
            }
            _ => false,
        };
        if is_over && let Some(stream) = self.streams.remove(&id) {
            self.held -= stream.held();
        }
    }
}

fn decoder() -> Decoder<'static> {
    let mut decoder = Decoder::new();
    decoder.set_max_allowed_table_size(LARGEST_BLOCK);
    decoder
}

fn layer(
    name: &'static str,
    section: &'static str,
    start: usize,
    end: usize,
    fields: Vec<Field>,
) -> Layer {
    Layer {
        name,
        section,
        start,
        end,
        fields,
    }
}

fn frame_name(kind: u8) -> &'static str {
    match kind {
        0x0 => "DATA",
        0x1 => "HEADERS",
        0x2 => "PRIORITY",
        0x3 => "RST_STREAM",
        0x4 => "SETTINGS",
        0x5 => "PUSH_PROMISE",
        0x6 => "PING",
        0x7 => "GOAWAY",
        0x8 => "WINDOW_UPDATE",
        0x9 => "CONTINUATION",
        _ => "unknown frame",
    }
}

/// Where a frame's content stands, without padding and priority.
fn unpadded(kind: u8, flags: u8, bytes: &[u8]) -> (usize, usize) {
    let (mut start, mut end) = (9, bytes.len());
    if matches!(kind, 0x0 | 0x1) && flags & PADDED != 0 {
        let padding = usize::from(bytes.get(9).copied().unwrap_or_default());
        start += 1;
        end = end.saturating_sub(padding);
    }
    if kind == 0x1 && flags & PRIORITY != 0 {
        start += 5;
    }
    (
        start.min(bytes.len()),
        end.clamp(start.min(bytes.len()), bytes.len()),
    )
}

/// What small frames say.
fn other(kind: u8, bytes: &[u8]) -> Option<Layer> {
    let number = |at: usize| -> Option<u32> {
        let part: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(part))
    };
    let end = bytes.len();
    let (name, section, fields) = match kind {
        0x3 => (
            "RST_STREAM",
            "RFC 9113, 6.4",
            vec![Field::new("error code", number(9)?.to_string(), 9, 13)],
        ),
        0x4 => {
            let settings = bytes.get(9..)?.chunks_exact(6).enumerate();
            let settings = settings.map(|(index, part)| {
                let (id, value) = (
                    u16::from_be_bytes([part[0], part[1]]),
                    u32::from_be_bytes([part[2], part[3], part[4], part[5]]),
                );
                let at = 9 + index * 6;
                Field::new(setting_name(id), value.to_string(), at, at + 6)
            });
            ("SETTINGS", "RFC 9113, 6.5", settings.collect())
        }
        0x6 => (
            "PING",
            "RFC 9113, 6.7",
            vec![Field::new("opaque data", hex(bytes.get(9..)?), 9, end)],
        ),
        0x7 => (
            "GOAWAY",
            "RFC 9113, 6.8",
            vec![
                Field::new("last stream", number(9)?.to_string(), 9, 13),
                Field::new("error code", number(13)?.to_string(), 13, 17),
            ],
        ),
        0x8 => (
            "WINDOW_UPDATE",
            "RFC 9113, 6.9",
            vec![Field::new("increment", number(9)?.to_string(), 9, 13)],
        ),
        _ => return None,
    };
    Some(layer(name, section, 9, end, fields))
}

fn setting_name(id: u16) -> &'static str {
    match id {
        1 => "HEADER_TABLE_SIZE",
        2 => "ENABLE_PUSH",
        3 => "MAX_CONCURRENT_STREAMS",
        4 => "INITIAL_WINDOW_SIZE",
        5 => "MAX_FRAME_SIZE",
        6 => "MAX_HEADER_LIST_SIZE",
        _ => "unknown setting",
    }
}

#[cfg(test)]
mod tests;

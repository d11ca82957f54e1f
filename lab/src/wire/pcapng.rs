//! Messages as a capture for Wireshark, with trace ids as comments.
//!
//! What is not known is made up so that it fits: sequence numbers, the handshake, the server's address.
//! So is what a reader lacks of a connection whose beginning is not in the capture: the upgrade before a
//! WebSocket's frames, and the table that HTTP/2 headers refer to.

mod plain;

use std::collections::HashMap;
use std::sync::Arc;

use link::ConnectionId;
use wire::Side;

use super::store::Recorded;

/// As much as one segment carries.
const SEGMENT: usize = 16 * 1024;

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const PUSH: u8 = 0x08;

/// Where a connection's two sides are in their sending.
struct Stream {
    client_port: u16,
    server_port: u16,
    client: u32,
    server: u32,
}

/// The capture. `port` gives the port on which a link listens.
pub(super) fn capture(messages: &[Arc<Recorded>], port: impl Fn(&str) -> u16) -> Vec<u8> {
    let mut out = Vec::new();
    section(&mut out);
    interface(&mut out);
    let mut streams: HashMap<ConnectionId, Stream> = HashMap::new();
    let referring = plain::referring(messages);
    for recorded in messages {
        let stream = streams.entry(recorded.connection).or_insert_with(|| {
            let mut stream = Stream {
                client_port: recorded.client.port(),
                server_port: port(&recorded.link),
                client: 1000,
                server: 5000,
            };
            handshake(&mut out, &mut stream, recorded.at);
            if recorded.message.protocol == "websocket" {
                for (side, bytes) in plain::UPGRADE {
                    let packet = stream.packet(side, ACK | PUSH, bytes);
                    packet_block(&mut out, recorded.at, &packet, None);
                }
            }
            stream
        });
        let mut comment = recorded.message.trace.as_ref().map(|trace| {
            let line = &recorded.message.summary;
            format!(
                "trace {} span {} on {}: {line}",
                trace.id, trace.span, recorded.link
            )
        });
        let rewritten = Some(&recorded.message)
            .filter(|_| referring.contains(&recorded.connection))
            .and_then(plain::headers);
        let bytes = rewritten.as_ref().unwrap_or(&recorded.message.bytes);
        for piece in bytes.chunks(SEGMENT) {
            let packet = stream.packet(recorded.message.side, ACK | PUSH, piece);
            packet_block(&mut out, recorded.at, &packet, comment.take().as_deref());
        }
    }
    out
}

fn handshake(out: &mut Vec<u8>, stream: &mut Stream, at: u64) {
    for (side, flags) in [
        (Side::Client, SYN),
        (Side::Server, SYN | ACK),
        (Side::Client, ACK),
    ] {
        let packet = stream.packet(side, flags, &[]);
        packet_block(out, at, &packet, None);
    }
}

impl Stream {
    /// An IPv4 packet with a TCP segment.
    fn packet(&mut self, side: Side, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to, mine, theirs) = match side {
            Side::Client => (
                self.client_port,
                self.server_port,
                &mut self.client,
                self.server,
            ),
            Side::Server => (
                self.server_port,
                self.client_port,
                &mut self.server,
                self.client,
            ),
        };
        let sequence = *mine;
        let length = u32::try_from(payload.len()).unwrap_or_default();
        *mine = mine.wrapping_add(length + u32::from(flags & SYN != 0));
        let acknowledged = if flags & ACK == 0 { 0 } else { theirs };
        let total = u16::try_from(40 + payload.len()).unwrap_or(u16::MAX);
        let mut packet = vec![0x45, 0];
        packet.extend(total.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        let sum = checksum(&packet).to_be_bytes();
        packet[10..12].copy_from_slice(&sum);
        packet.extend(from.to_be_bytes());
        packet.extend(to.to_be_bytes());
        packet.extend(sequence.to_be_bytes());
        packet.extend(acknowledged.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        packet
    }
}

/// The checksum of an IPv4 header.
fn checksum(header: &[u8]) -> u16 {
    let words = header
        .chunks_exact(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

fn section(out: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend(0x1A2B_3C4D_u32.to_le_bytes());
    body.extend([1, 0, 0, 0]); // version 1.0
    body.extend((-1_i64).to_le_bytes());
    block(out, 0x0A0D_0D0A, &body);
}

fn interface(out: &mut Vec<u8>) {
    let mut body = Vec::new();
    body.extend(101_u16.to_le_bytes()); // packets begin with their IP header
    body.extend([0, 0]);
    body.extend(0_u32.to_le_bytes());
    block(out, 1, &body);
}

fn packet_block(out: &mut Vec<u8>, at: u64, packet: &[u8], comment: Option<&str>) {
    let (high, low) = (at >> 32, at & 0xffff_ffff);
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    let mut body = Vec::new();
    body.extend(0_u32.to_le_bytes());
    for half in [high, low] {
        body.extend(u32::try_from(half).unwrap_or_default().to_le_bytes());
    }
    body.extend(length.to_le_bytes());
    body.extend(length.to_le_bytes());
    padded(&mut body, packet);
    if let Some(comment) = comment {
        body.extend(1_u16.to_le_bytes());
        body.extend(
            u16::try_from(comment.len())
                .unwrap_or_default()
                .to_le_bytes(),
        );
        padded(&mut body, comment.as_bytes());
        body.extend([0, 0, 0, 0]);
    }
    block(out, 6, &body);
}

fn padded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(12 + body.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    out.extend(kind.to_le_bytes());
    out.extend(length);
    out.extend(body);
    out.extend(length);
}

#[cfg(test)]
mod tests;

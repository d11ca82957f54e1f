//! HTTP/2 by hand (RFC 9113): frames that no library would send.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Hostile;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// Flags of frames.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// The preface of a client, and its settings as they are.
pub(crate) fn hello(settings: &[u8]) -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, settings));
    bytes
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The head of a call, in HPACK without a table.
pub(crate) fn call(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86]; // POST, http
    for (name, value) in [(0x04, path), (0x01, "malha"), (0x0f, "")] {
        block.push(name);
        if name == 0x0f {
            let kind = "application/grpc";
            block.extend([0x10, 16]);
            block.extend(kind.bytes());
        } else {
            block.push(u8::try_from(value.len()).unwrap_or_default());
            block.extend(value.bytes());
        }
    }
    block.extend(b"\x00\x02te\x08trailers");
    block
}

/// The number of a client's stream.
pub(crate) fn stream(number: u32) -> u32 {
    number * 2 + 1
}

/// Says hello, and then so many pieces for as long as they are taken; reads whatever comes.
pub(crate) async fn flood(
    hostile: Hostile,
    count: u32,
    piece: impl Fn(u32) -> Vec<u8>,
) -> io::Result<()> {
    let mut stream = hostile.connect().await?;
    hostile.in_time(stream.write_all(&hello(&[]))).await?;
    let (mut read, mut write) = stream.split();
    let saying = async {
        for number in 0..count {
            write.write_all(&piece(number)).await?;
        }
        // Whatever is to be refused has been said.
        std::future::pending().await
    };
    let hearing = async {
        let mut piece = vec![0; 4096];
        while read.read(&mut piece).await? > 0 {}
        Ok(())
    };
    hostile
        .in_time(async {
            tokio::select! {
                said = saying => said,
                heard = hearing => heard,
            }
        })
        .await
}

//! WebSockets by hand (RFC 6455): handshakes and frames that no browser would send.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Hostile;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const PING: u8 = 9;
/// The last fragment of a message.
pub(crate) const FINAL: u8 = 0x80;

/// Of the second byte: a mask follows.
pub(crate) const MASKED: u8 = 0x80;

/// Of the second byte: the length is in the next two.
const MEDIUM: u8 = 126;
/// Of the second byte: the length is in the next eight.
pub(crate) const LONG: u8 = 127;

/// A masked frame; the mask is zero.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..=125) => bytes.push(MASKED | short.to_be_bytes()[1]),
        Ok(length) => {
            bytes.push(MASKED | MEDIUM);
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(MASKED | LONG);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// Joins the chat, with further lines in the head: the connection, and the head of the answer.
pub(crate) async fn join(hostile: Hostile, more: &str) -> io::Result<(TcpStream, String)> {
    let mut stream = hostile.connect().await?;
    // Above all that are ordinary.
    let client = 2_000_000 + hostile.number;
    let head = format!(
        "GET /ws/{client} HTTP/1.1\r\nhost: malha\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n"
    );
    let answered = async {
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await?);
        }
        Ok(answer)
    };
    let answer = hostile.in_time(answered).await?;
    let answer = String::from_utf8_lossy(&answer).to_lowercase();
    if answer.starts_with("http/1.1 101") {
        Ok((stream, answer))
    } else {
        Err(ErrorKind::ConnectionRefused.into())
    }
}

/// Joins, and sends this again and again while it reads what comes.
pub(crate) async fn flood(hostile: Hostile, begin: &[u8], again: &[u8]) -> io::Result<()> {
    let (mut stream, _) = join(hostile, "").await?;
    let (mut read, mut write) = stream.split();
    let saying = async {
        write.write_all(begin).await?;
        loop {
            write.write_all(again).await?;
        }
    };
    let hearing = async {
        let mut piece = vec![0; 4096];
        while read.read(&mut piece).await? > 0 {}
        Ok(())
    };
    let spoken = async {
        tokio::select! {
            said = saying => said,
            heard = hearing => heard,
        }
    };
    hostile.in_time(spoken).await
}

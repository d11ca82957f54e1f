//! The first bytes of a connection: HTTP/2's preface, or something else.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What an HTTP/2 client sends first (RFC 9113, 3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a client of HTTP/1 gets: by its own means, so that it can show it.
pub(super) const NOT_HTTP2: &[u8] = b"HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 45\r\nconnection: close\r\n\r\n\
    this port speaks gRPC, by HTTP/2 without TLS\n";

/// A server's preface and a GOAWAY with `ENHANCE_YOUR_CALM` (RFC 9113, 6.8), for a connection
/// beyond the caps.
pub(super) const TOO_MANY: &[u8] = &[
    0, 0, 0, 4, 0, 0, 0, 0, 0, // SETTINGS, empty
    0, 0, 8, 7, 0, 0, 0, 0, 0, // GOAWAY of 8 bytes
    0, 0, 0, 0, 0, 0, 0, 0xb, // nothing was processed; ENHANCE_YOUR_CALM
];

/// Reads the preface. `false` where the client speaks something else.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<bool> {
    let mut buffer = [0; PREFACE.len()];
    let mut read = 0;
    while read < PREFACE.len() {
        match stream.read(&mut buffer[read..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => read += more,
        }
        if buffer[..read] != PREFACE[..read] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A stream whose preface has been read, given to read once more.
pub(super) struct Replayed {
    left: &'static [u8],
    stream: TcpStream,
}

impl Replayed {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            left: PREFACE,
            stream,
        }
    }
}

impl AsyncRead for Replayed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let (now, later) = self.left.split_at(self.left.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.left = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replayed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

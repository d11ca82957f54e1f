//! A collector that hangs, or has too much to do.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What the collector does, and how often it was asked.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    /// Whether it answers 503; else it says nothing at all.
    pub(crate) refuses: AtomicBool,
    pub(crate) asked: AtomicU64,
}

const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";

/// A request is read until it pauses for so long.
const PAUSE: Duration = Duration::from_millis(50);

impl Collector {
    /// Takes connections until it is dropped.
    pub(crate) async fn serve(&self, address: SocketAddr) -> anyhow::Result<()> {
        let listener = TcpListener::bind(address).await?;
        let mut silent = Vec::new();
        let mut answers = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await?;
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.refuses.load(Ordering::Relaxed) {
                answers.spawn(refuse(stream));
            } else {
                silent.push(stream);
            }
        }
    }
}

async fn refuse(mut stream: TcpStream) {
    let mut request = [0; 16 * 1024];
    while let Ok(Ok(1..)) = timeout(PAUSE, stream.read(&mut request)).await {}
    // Whoever does not wait for the answer does not miss it.
    let _ = stream.write_all(BUSY).await;
}

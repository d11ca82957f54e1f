//! What plain programs do, which know nothing of a runtime.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

/// Does blocking work beside the runtime of the test.
///
/// # Panics
/// If the work does.
#[expect(clippy::expect_used, reason = "its failure is the test's")]
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("the work is done")
}

/// What Python's `socket` does: connect, sendall, and recv until the other side closes.
///
/// # Panics
/// If the other side cannot be reached, or its answer is no text.
#[expect(clippy::expect_used, reason = "no answer fails the test")]
pub async fn plain_client(server: SocketAddr, pieces: &[&[u8]], half_close: bool) -> String {
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    let exchange = move || -> io::Result<String> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        for piece in pieces {
            stream.write_all(&piece)?;
        }
        if half_close {
            stream.shutdown(Shutdown::Write)?;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    blocking(exchange).await.expect("an answer")
}

//! A server of this exercise, and clients that know nothing of it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use runtime::testing::{TestLife, listener, settings};
use sockets::{Server, server};

/// A server on a free port, and the life that ends it.
pub(crate) async fn start_server(environment: &[(&str, &str)]) -> (SocketAddr, TestLife) {
    let (listener, life) = (listener().await, TestLife::default());
    let address = listener.local_addr().unwrap();
    let settings = settings::<Server>(environment);
    life.life()
        .spawn(server::serve(settings, listener, life.life().clone()));
    (address, life)
}

/// Does blocking work, as plain programs do, beside the runtime of the test.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// What Python's `socket` does: connect, sendall, and recv until the other side closes.
pub(crate) async fn plain_client(server: SocketAddr, pieces: &[&[u8]], half_close: bool) -> String {
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    blocking(move || {
        let mut stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in pieces {
            stream.write_all(&piece).unwrap();
        }
        if half_close {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
}

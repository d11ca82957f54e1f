//! An address where nobody answers.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// A place that neither takes nor refuses a connection, as an address whose machine is gone: its
/// listener accepts nobody, and its queue is full.
#[derive(Debug)]
pub struct Silence {
    /// Where it is.
    pub address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Silence {
    /// One at this address; port 0 stands for any.
    pub async fn at(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(0)?;
        let address = listener.local_addr()?;
        let mut queued = Vec::new();
        // Systems let a few more in than they are told.
        while let Ok(connected) = timeout(A_MOMENT, TcpStream::connect(address)).await {
            queued.push(connected?);
        }
        Ok(Self {
            address,
            _listener: listener,
            _queued: queued,
        })
    }
}

/// Whoever is let in, is let in sooner.
const A_MOMENT: Duration = Duration::from_millis(200);

//! A server under test, whatever protocol it speaks.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::{TestLifecycle, eventually, listener};
use runtime::Lifecycle;

/// A server on a free port, and the lifecycle that ends it.
#[derive(Debug)]
pub struct TestServer {
    /// Its lifecycle.
    pub lifecycle: TestLifecycle,
    /// Where it listens.
    pub address: SocketAddr,
    /// Ends when it accepts no more.
    pub ended: JoinHandle<()>,
    protocol: &'static str,
}

#[expect(clippy::expect_used, reason = "a server that is away fails the test")]
impl TestServer {
    /// Starts a server whose metrics call its protocol so.
    ///
    /// # Panics
    /// If the machine has no free port.
    pub async fn start<F>(
        protocol: &'static str,
        serve: impl FnOnce(TcpListener, Lifecycle) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (listener, lifecycle) = (listener().await, TestLifecycle::default());
        let address = listener.local_addr().expect("a bound listener");
        let served = lifecycle.lifecycle();
        let ended = served.spawn(serve(listener, served.clone()));
        Self {
            lifecycle,
            address,
            ended,
            protocol,
        }
    }

    /// Opens a connection.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn connect(&self) -> TcpStream {
        let connected = TcpStream::connect(self.address).await;
        connected.expect("a connection")
    }

    /// Sends bytes and reads to the end, without ending the input.
    ///
    /// # Panics
    /// If the bytes cannot be sent.
    pub async fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        let sent = stream.write_all(request).await;
        sent.expect("a server that reads");
        read_to_end(&mut stream).await
    }

    /// Waits until `/metrics` has this line.
    ///
    /// # Panics
    /// If it never does.
    pub async fn counts(&self, line: &str) {
        eventually(line, async || {
            let text = self.lifecycle.lifecycle().metrics().render().ok()?;
            text.lines().any(|each| each == line).then_some(())
        })
        .await;
    }

    /// Waits until one connection was cut for this reason.
    pub async fn cut_by(&self, reason: &str) {
        let protocol = self.protocol;
        let labels = format!("protocol=\"{protocol}\",reason=\"{reason}\"");
        self.counts(&format!("server_connections_cut_total{{{labels}}} 1"))
            .await;
    }

    /// Waits until no connection is open.
    pub async fn all_closed(&self) {
        let protocol = self.protocol;
        self.counts(&format!(
            "server_connections_open{{protocol=\"{protocol}\"}} 0"
        ))
        .await;
    }
}

/// Reads to the end of a connection. A reset counts as an end.
///
/// # Panics
/// If reading fails otherwise, or what was read is not text.
#[expect(
    clippy::expect_used,
    reason = "an answer that is no text fails the test"
)]
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer).await {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    String::from_utf8(answer).expect("text")
}

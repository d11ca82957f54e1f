//! The server over real sockets: what slow, large, many, silent and late clients get.

mod calls;
mod clients;
mod hostile;
mod lasting;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::{Answer, Procedure, RequestRefusal, TcpLimits};
use runtime::settings::{Defaults, Inputs, Settings, Source};
use testing::{TestLifecycle, eventually, listener};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_mins(1);

/// Answers a line of at most eight bytes in capitals.
struct Capitals;

impl Procedure for Capitals {
    const PROTOCOL: &'static str = "capitals";
    const NAME: &'static str = "capitals";
    const MAX_REQUEST: usize = 8;

    fn request_len(&self, received: &[u8]) -> Option<usize> {
        received
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|end| end + 1)
    }

    fn answer(&self, request: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(request).trim_end().to_uppercase();
        Answer {
            text,
            outcome: "ok",
        }
    }

    fn refuse(&self, refused: RequestRefusal) -> String {
        format!("refused: {}", refused.code())
    }
}

fn limits() -> TcpLimits {
    let defaults = Defaults(&[super::DEFAULTS]);
    TcpLimits::read(&Source::load(defaults, Inputs::default()).unwrap()).unwrap()
}

/// Limits under which nothing ends a request but its mark and the end of input.
fn patient() -> TcpLimits {
    TcpLimits {
        pause: LONG,
        first_byte_timeout: LONG,
        idle_timeout: LONG,
        request_timeout: LONG,
        ..limits()
    }
}

struct Server {
    lifecycle: TestLifecycle,
    address: SocketAddr,
    ended: JoinHandle<()>,
}

impl Server {
    async fn start(limits: TcpLimits) -> Self {
        let (listener, lifecycle) = (listener().await, TestLifecycle::default());
        let (address, served) = (
            listener.local_addr().unwrap(),
            lifecycle.lifecycle().clone(),
        );
        let serving = async move { super::serve(listener, Capitals, limits, &served).await };
        let ended = lifecycle.lifecycle().spawn(serving);
        Self {
            lifecycle,
            address,
            ended,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads to the end, without ending the input.
    async fn ask(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        rest(&mut stream).await
    }

    /// Waits until `/metrics` has this line.
    async fn counts(&self, line: &str) {
        eventually(line, async || {
            let text = self.lifecycle.lifecycle().metrics().render().unwrap();
            text.lines().any(|each| each == line).then_some(())
        })
        .await;
    }

    async fn cut_by(&self, reason: &str) {
        let labels = format!("protocol=\"capitals\",reason=\"{reason}\"");
        self.counts(&format!("server_connections_cut_total{{{labels}}} 1"))
            .await;
    }

    async fn all_closed(&self) {
        self.counts("server_connections_open{protocol=\"capitals\"} 0")
            .await;
    }
}

/// Reads to the end of the connection. A reset counts as an end.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer).await {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
    String::from_utf8(answer).unwrap()
}

//! Both directions of one connection, and how an end or a reset of one side reaches the other.

use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::pipe::{PipeContext, PipeEnd, Toxics, pipe};
use crate::tap::{ConnectionId, Direction, Ended, Tap};

/// A connection over a link.
pub(crate) struct Connection<'a> {
    pub(crate) id: ConnectionId,
    pub(crate) toxics: watch::Receiver<Toxics>,
    pub(crate) tap: &'a dyn Tap,
    /// The link is taken down.
    pub(crate) cut: CancellationToken,
}

/// How long the server's machine may take to answer a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Connection<'_> {
    /// Connects to the server and passes everything on until the end.
    pub(crate) async fn run(self, mut client: TcpStream, upstream: &str) -> Ended {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(upstream));
        let connected = tokio::select! {
            biased;
            () = self.cut.cancelled() => return Ended::Cut,
            connected = connecting => connected,
        };
        let Ok(Ok(mut server)) = connected else {
            reset_on_drop(&client);
            return Ended::Unreachable;
        };
        if let Ok(from) = server.local_addr() {
            self.tap.connected(self.id, from);
        }
        for stream in [&client, &server] {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "nodelay not set");
            }
        }
        let ended = tokio::select! {
            biased;
            () = self.cut.cancelled() => Ended::Cut,
            ended = self.both_ways(&mut client, &mut server) => ended,
        };
        if ended == Ended::Reset {
            reset_on_drop(&client);
            reset_on_drop(&server);
        }
        ended
    }

    async fn both_ways(&self, client: &mut TcpStream, server: &mut TcpStream) -> Ended {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = pipe(from_client, to_server, self.context(Direction::Upstream));
        let down = pipe(from_server, to_client, self.context(Direction::Downstream));
        tokio::pin!(up, down);
        let (mut up_runs, mut down_runs) = (true, true);
        while up_runs || down_runs {
            let end = tokio::select! {
                end = &mut up, if up_runs => {
                    up_runs = false;
                    end
                }
                end = &mut down, if down_runs => {
                    down_runs = false;
                    end
                }
            };
            match end {
                PipeEnd::Finished => {}
                PipeEnd::Close => return Ended::Closed,
                PipeEnd::Reset => return Ended::Reset,
            }
        }
        Ended::Closed
    }

    fn context(&self, direction: Direction) -> PipeContext<'_> {
        PipeContext {
            connection: self.id,
            direction,
            toxics: self.toxics.clone(),
            tap: self.tap,
        }
    }
}

/// What is not sent yet is dropped, and the other side sees a reset.
fn reset_on_drop(stream: &TcpStream) {
    if let Err(error) = SockRef::from(stream).set_linger(Some(Duration::ZERO)) {
        tracing::debug!(%error, "the connection cannot be reset");
    }
}

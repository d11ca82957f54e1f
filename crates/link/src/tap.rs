//! Who is shown what passes a link.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The number of a connection over a link, unique in a process.
pub type ConnectionId = u64;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the client to the server.
    Upstream,
    /// From the server to the client.
    Downstream,
}

/// How a connection, or one direction of it, came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Both sides said all they had to say.
    Closed,
    /// One side, or a fault, reset it.
    Reset,
    /// The server could not be reached.
    Unreachable,
    /// The link was taken down under it.
    Cut,
}

/// Told of everything that passes; called where the bytes are copied, so it must be quick.
pub trait Tap: Send + Sync + 'static {
    /// A client has connected.
    fn opened(&self, connection: ConnectionId, client: SocketAddr);
    /// The server was reached, from this address of the link.
    fn connected(&self, _connection: ConnectionId, _from: SocketAddr) {}
    /// One side has sent these bytes. What faults make of them comes after.
    fn sent(&self, connection: ConnectionId, direction: Direction, bytes: &[u8]);
    /// One side has ended its sending.
    fn finished(&self, connection: ConnectionId, direction: Direction);
    /// The connection is over.
    fn ended(&self, connection: ConnectionId, how: Ended);
}

//! Where connections go: a node, the master that sentinels know, or a cluster.

use std::time::Duration;

use deadpool_redis::PoolError;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisConnectionInfo, RedisResult, Value,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;

use super::settings::{RedisSettings, Topology};
use super::url::Address;
use runtime::net::{CoalescingWriter, InFlightToken};
use runtime::settings::Secret;

/// Where connections go.
pub(super) enum Target {
    Node(Box<Node>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// One node.
pub(super) struct Node {
    /// Of connections that nobody shares.
    dedicated: deadpool_redis::Pool,
    info: ConnectionInfo,
}

/// A connection that many commands can share.
#[derive(Clone)]
pub(super) enum Connection {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// A connection that nobody shares.
pub(super) enum DedicatedConnection {
    /// Goes back to its pool, where a PING tells whether it may be used again.
    Pooled(deadpool_redis::Connection),
    Own(Connection),
}

impl Target {
    pub(super) fn new(settings: &RedisSettings) -> RedisResult<Self> {
        let addresses = settings.nodes.iter().map(connection_address);
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password.reveal()); // to log in with
        }
        let info = |address: ConnectionAddr| {
            Ok(address
                .into_connection_info()?
                .set_redis_settings(login.clone()))
        };
        Ok(match &settings.topology {
            Topology::Node => {
                let first = addresses.map(info).next().transpose()?;
                let none = || (ErrorKind::InvalidClientConfig, "no address");
                let info: ConnectionInfo = first.ok_or_else(none)?;
                let config = without_response_timeout(settings.connect_timeout);
                let manager = deadpool_redis::Manager::new_with_config(info.clone(), config)?;
                let dedicated = deadpool_redis::Pool::builder(manager).build();
                let dedicated = dedicated.map_err(|_| none())?; // it has no timeouts to refuse
                Self::Node(Box::new(Node { dedicated, info }))
            }
            Topology::Sentinel(master) => {
                let client = sentinel(settings, master)?;
                Self::Sentinel(Box::new(Mutex::new(client)))
            }
            Topology::Cluster => {
                let nodes = addresses.map(info).collect::<RedisResult<Vec<_>>>()?;
                let client = ClusterClient::builder(nodes)
                    .connection_timeout(settings.connect_timeout)
                    .response_timeout(settings.timeout)
                    .overall_response_timeout(None) // commands have a limit of ours
                    .retries(CLUSTER_RETRIES)
                    .min_retry_wait(10)
                    .max_retry_wait(50)
                    .build()?;
                Self::Cluster(Box::new(client))
            }
        })
    }

    /// A connection for one user. Its commands have limits of their own.
    pub(super) async fn connect(&self, limit: Duration) -> RedisResult<DedicatedConnection> {
        match self {
            Self::Node(node) => match node.dedicated.get().await {
                Ok(connection) => Ok(DedicatedConnection::Pooled(connection)),
                Err(PoolError::Backend(error)) => Err(error),
                Err(_) => Err((ErrorKind::Io, "the pool gives no connection").into()),
            },
            Self::Sentinel(client) => {
                let config = without_response_timeout(limit);
                let mut client = client.lock().await;
                let made = client.get_async_connection_with_config(&config).await?;
                Ok(DedicatedConnection::Own(Connection::Node(made)))
            }
            Self::Cluster(client) => Ok(DedicatedConnection::Own(cluster(client, limit).await?)),
        }
    }

    /// Makes a connection that many will share, each with a clone of `in_flight` for every command.
    pub(super) async fn connect_shared(
        &self,
        limit: Duration,
        in_flight: &InFlightToken,
    ) -> RedisResult<Connection> {
        match self {
            Self::Node(node) => shared(&node.info, limit, in_flight).await,
            Self::Sentinel(client) => {
                let master = client.lock().await.async_get_client().await?;
                shared(master.get_connection_info(), limit, in_flight).await
            }
            Self::Cluster(client) => cluster(client, limit).await,
        }
    }
}

async fn cluster(client: &ClusterClient, limit: Duration) -> RedisResult<Connection> {
    let config = ClusterConfig::new()
        .set_connection_timeout(limit)
        .set_response_timeout(FOR_EVER);
    let made = client.get_async_connection_with_config(config);
    made.await.map(Connection::Cluster)
}

/// Makes a connection whose commands of the same moment are written together.
async fn shared(
    info: &ConnectionInfo,
    limit: Duration,
    in_flight: &InFlightToken,
) -> RedisResult<Connection> {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) => {
            let stream = TcpStream::connect((&**host, *port)).await?;
            stream.set_nodelay(true)?;
            multiplexed(stream, info, limit, in_flight).await
        }
        ConnectionAddr::Unix(path) => {
            let stream = UnixStream::connect(path).await?;
            multiplexed(stream, info, limit, in_flight).await
        }
        _ => Err((ErrorKind::InvalidClientConfig, "no address").into()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the connection's last clone, which tracked tasks hold"
)]
async fn multiplexed<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    info: &ConnectionInfo,
    limit: Duration,
    in_flight: &InFlightToken,
) -> RedisResult<Connection> {
    let stream = CoalescingWriter::requests(stream, in_flight);
    let (login, config) = (info.redis_settings(), without_response_timeout(limit));
    let made = MultiplexedConnection::new_with_config(login, stream, config);
    let (connection, driver) = made.await?;
    tokio::spawn(driver);
    Ok(Connection::Node(connection))
}

fn connection_address(address: &Address) -> ConnectionAddr {
    match address {
        Address::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
        Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
    }
}

/// Connections that are made soon or not at all. Their commands have limits of their own.
fn without_response_timeout(connect_timeout: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(connect_timeout))
        .set_response_timeout(None)
}

/// A slot may have moved, and moved again.
const CLUSTER_RETRIES: u32 = 3;

/// The cluster's client wants a limit.
const FOR_EVER: Duration = Duration::from_hours(24);

fn sentinel(settings: &RedisSettings, master: &str) -> RedisResult<SentinelClient> {
    let nodes = settings.nodes.iter();
    let addresses = nodes.map(connection_address);
    let kind = SentinelServerType::Master;
    let mut builder = SentinelClientBuilder::new(addresses, master, kind)?
        .set_client_to_redis_db(settings.database);
    if let Some(username) = &settings.username {
        builder = builder.set_client_to_redis_username(username);
    }
    if let Some(password) = settings.password.as_ref().map(Secret::reveal) {
        builder = builder.set_client_to_redis_password(password); // to log in with
    }
    if let Some(password) = settings.sentinel_password.as_ref().map(Secret::reveal) {
        builder = builder.set_client_to_sentinel_password(password); // the same, there
    }
    builder.build()
}

impl Connection {
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Node(connection) => send(connection, command).await,
            Self::Cluster(connection) => send(connection, command).await,
        }
    }
}

impl DedicatedConnection {
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Pooled(connection) => send(connection, command).await,
            Self::Own(connection) => connection.send(command).await,
        }
    }

    /// Keeps it from being used again.
    pub(super) fn discard(self) {
        if let Self::Pooled(connection) = self {
            drop(deadpool_redis::Connection::take(connection));
        }
    }
}

async fn send(connection: &mut impl ConnectionLike, command: &Cmd) -> RedisResult<Value> {
    let answer = connection.req_packed_command(command).await;
    answer.and_then(Value::extract_error)
}

//! Where connections go: a node, the master that sentinels know, or a cluster.

use std::pin::Pin;
use std::time::Duration;

use deadpool_redis::PoolError;
use redis::aio::{AsyncStream, ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsMode, Value,
};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Mutex;

use super::settings::{RedisSettings, Topology};
use super::tls::Tls;
use super::url::Address;
use runtime::net::{self, CoalescingWriter, InFlightToken};
use runtime::settings::Secret;

/// Where connections go, and how.
pub(super) struct Target {
    kind: Kind,
    tls: Option<Tls>,
}

enum Kind {
    Node(Box<Node>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// One node.
struct Node {
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
        let tls = settings.tls.as_ref();
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password.reveal()); // to log in with
        }
        let info = |address: &Address| {
            let info = connection_address(address, tls).into_connection_info()?;
            let info = info.set_redis_settings(login.clone());
            match tls {
                None => Ok(info),
                Some(tls) => {
                    // The one way to hand over certificates.
                    let client = Client::build_with_tls(info, tls.certificates().clone())?;
                    Ok(client.get_connection_info().clone())
                }
            }
        };
        let mut nodes = settings.nodes.iter().map(info);
        let kind = match &settings.topology {
            Topology::Node => {
                let first = nodes.next().transpose()?;
                let none = || (ErrorKind::InvalidClientConfig, "no address");
                let info: ConnectionInfo = first.ok_or_else(none)?;
                let config = without_response_timeout(settings.connect_timeout);
                let manager = deadpool_redis::Manager::new_with_config(info.clone(), config)?;
                let dedicated = deadpool_redis::Pool::builder(manager).build();
                let dedicated = dedicated.map_err(|_| none())?; // it has no timeouts to refuse
                Kind::Node(Box::new(Node { dedicated, info }))
            }
            Topology::Sentinel(master) => {
                let client = sentinel(settings, master)?;
                Kind::Sentinel(Box::new(Mutex::new(client)))
            }
            Topology::Cluster => {
                let nodes = nodes.collect::<RedisResult<Vec<_>>>()?;
                let mut client = ClusterClient::builder(nodes);
                if let Some(tls) = tls {
                    client = client.certs(tls.certificates().clone());
                }
                let client = client
                    .connection_timeout(settings.connect_timeout)
                    .response_timeout(settings.timeout)
                    .overall_response_timeout(None) // commands have a limit of ours
                    .retries(CLUSTER_RETRIES)
                    .min_retry_wait(10)
                    .max_retry_wait(50)
                    .build()?;
                Kind::Cluster(Box::new(client))
            }
        };
        Ok(Self {
            kind,
            tls: settings.tls.clone(),
        })
    }

    /// A connection for one user. Its commands have limits of their own.
    pub(super) async fn connect(&self, limit: Duration) -> RedisResult<DedicatedConnection> {
        match &self.kind {
            Kind::Node(node) => match node.dedicated.get().await {
                Ok(connection) => Ok(DedicatedConnection::Pooled(connection)),
                Err(PoolError::Backend(error)) => Err(error),
                Err(_) => Err((ErrorKind::Io, "the pool gives no connection").into()),
            },
            Kind::Sentinel(client) => {
                let config = without_response_timeout(limit);
                let mut client = client.lock().await;
                let made = client.get_async_connection_with_config(&config).await?;
                Ok(DedicatedConnection::Own(Connection::Node(made)))
            }
            Kind::Cluster(client) => Ok(DedicatedConnection::Own(cluster(client, limit).await?)),
        }
    }

    /// Makes a connection that many will share, each with a clone of `in_flight` for every command.
    pub(super) async fn connect_shared(
        &self,
        limit: Duration,
        in_flight: &InFlightToken,
    ) -> RedisResult<Connection> {
        let tls = self.tls.as_ref();
        match &self.kind {
            Kind::Node(node) => shared(&node.info, tls, limit, in_flight).await,
            Kind::Sentinel(client) => {
                let master = client.lock().await.async_get_client().await?;
                shared(master.get_connection_info(), tls, limit, in_flight).await
            }
            Kind::Cluster(client) => cluster(client, limit).await,
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
#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the connection's last clone, which tracked tasks hold"
)]
async fn shared(
    info: &ConnectionInfo,
    tls: Option<&Tls>,
    limit: Duration,
    in_flight: &InFlightToken,
) -> RedisResult<Connection> {
    let stream = match (info.addr(), tls) {
        (ConnectionAddr::Tcp(host, port), _) => gathering(tcp(host, *port).await?, in_flight),
        (ConnectionAddr::TcpTls { host, port, .. }, Some(tls)) => {
            let stream = tls.connect(host, tcp(host, *port).await?).await?;
            gathering(stream, in_flight)
        }
        (ConnectionAddr::Unix(path), _) => gathering(UnixStream::connect(path).await?, in_flight),
        _ => return Err((ErrorKind::InvalidClientConfig, "no address").into()),
    };
    let (login, config) = (info.redis_settings(), without_response_timeout(limit));
    let made = MultiplexedConnection::new_with_config(login, stream, config);
    let (connection, driver) = made.await?;
    tokio::spawn(driver);
    Ok(Connection::Node(connection))
}

/// As the `redis` crate has it, so that a program has the code around it once.
type Stream = Pin<Box<dyn AsyncStream + Send + Sync>>;

fn gathering(
    stream: impl AsyncStream + Send + Sync + Unpin + 'static,
    in_flight: &InFlightToken,
) -> Stream {
    Box::pin(CoalescingWriter::requests(stream, in_flight))
}

async fn tcp(host: &str, port: u16) -> std::io::Result<TcpStream> {
    let stream = net::connect(host, port).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn connection_address(address: &Address, tls: Option<&Tls>) -> ConnectionAddr {
    match (address, tls) {
        (Address::Tcp(host, port), None) => ConnectionAddr::Tcp(host.clone(), *port),
        (Address::Tcp(host, port), Some(_)) => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: *port,
            insecure: false,
            tls_params: None,
        },
        (Address::Unix(path), _) => ConnectionAddr::Unix(path.clone()),
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
    let tls = settings.tls.as_ref();
    let nodes = settings.nodes.iter();
    let addresses = nodes.map(|address| connection_address(address, tls));
    let kind = SentinelServerType::Master;
    let mut builder = SentinelClientBuilder::new(addresses, master, kind)?
        .set_client_to_redis_db(settings.database);
    if let Some(tls) = tls {
        builder = builder
            .set_client_to_sentinel_certificates(tls.certificates().clone())
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(tls.certificates().clone());
    }
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
            Self::Node(connection) => send_to_node(connection, command).await,
            Self::Cluster(connection) => {
                let answer = connection.req_packed_command(command).await;
                answer.and_then(Value::extract_error)
            }
        }
    }
}

impl DedicatedConnection {
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Pooled(connection) => send_to_node(connection, command).await,
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

/// By the connection's own function, which unlike the trait's has no box for each command.
async fn send_to_node(connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
    let answer = connection.send_packed_command(command).await;
    answer.and_then(Value::extract_error)
}

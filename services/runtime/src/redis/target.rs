//! Where connections go: a node, the master that sentinels know, or a cluster.

use std::time::Duration;

use deadpool::managed::Manager;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisResult, Value,
};
use tokio::sync::Mutex;

use super::settings::{RedisSettings, Topology};
use crate::settings::Secret;

/// Where connections go.
pub(super) enum Target {
    Node(Box<deadpool_redis::Manager>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// A connection that many commands can share.
#[derive(Clone)]
pub(super) enum Connection {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Target {
    pub(super) fn new(settings: &RedisSettings) -> RedisResult<Self> {
        let addresses = settings.nodes.iter().cloned();
        let mut login = RedisConnectionInfo::default().set_db(settings.database);
        if let Some(username) = &settings.username {
            login = login.set_username(username);
        }
        if let Some(password) = &settings.password {
            login = login.set_password(password.reveal()); // to log in with
        }
        let info = |address: (String, u16)| {
            Ok(address
                .into_connection_info()?
                .set_redis_settings(login.clone()))
        };
        Ok(match &settings.topology {
            Topology::Node => {
                let first = addresses.map(info).next().transpose()?;
                let none = || (redis::ErrorKind::InvalidClientConfig, "no address");
                let manager = deadpool_redis::Manager::new_with_config(
                    first.ok_or_else(none)?,
                    patient(settings.connect_timeout),
                )?;
                Self::Node(Box::new(manager))
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

    /// Makes a connection. Its commands have limits of their own.
    pub(super) async fn connect(&self, limit: Duration) -> RedisResult<Connection> {
        match self {
            Self::Node(manager) => manager.create().await.map(Connection::Node),
            Self::Sentinel(client) => {
                let config = patient(limit);
                let mut client = client.lock().await;
                let made = client.get_async_connection_with_config(&config);
                made.await.map(Connection::Node)
            }
            Self::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(limit)
                    .set_response_timeout(FOR_EVER);
                let made = client.get_async_connection_with_config(config);
                made.await.map(Connection::Cluster)
            }
        }
    }
}

/// Connections that are made soon or not at all, and whose commands may take as long as they like.
fn patient(connect_timeout: Duration) -> AsyncConnectionConfig {
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
    let addresses = nodes.map(|(host, port)| ConnectionAddr::Tcp(host.clone(), *port));
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
    pub(super) async fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::Node(connection) => connection.req_packed_command(command).await,
            Self::Cluster(connection) => connection.req_packed_command(command).await,
        };
        answer.and_then(Value::extract_error)
    }
}

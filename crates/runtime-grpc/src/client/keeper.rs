//! Who keeps the pool as the network is: one task looks the name up, one for each server keeps
//! it connected.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::connection::{Connection, Endpoint};
use super::pool::{Pool, Server};
use super::resolve::Resolve;
use super::settings::GrpcClientSettings;
use runtime::Lifecycle;
use runtime::backoff::Backoff;

/// What every keeper shares. They end when `ended` is cancelled.
#[derive(Clone)]
pub(super) struct Keeper {
    pub(super) pool: Arc<Pool>,
    pub(super) settings: Arc<GrpcClientSettings>,
    pub(super) lifecycle: Lifecycle,
    pub(super) ended: CancellationToken,
}

/// A look-up takes no longer than this, whatever the system's resolver is set to.
const LOOKUP: Duration = Duration::from_secs(5);

/// Between two look-ups, however many servers fail.
const LOOKUP_PAUSE: Duration = Duration::from_millis(250);

/// Between two look-ups while every server drains or is away: others are about to come, and what a
/// DNS server has kept of the name is about to be forgotten.
const LOOKUP_ALONE: Duration = Duration::from_millis(500);

/// The first wait after a server that does not answer, and the longest.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A connection that breaks earlier has failed rather than been lost.
const LASTING: Duration = Duration::from_secs(1);

impl Keeper {
    /// Looks the name up, again and again, until the client has ended.
    pub(super) async fn follow(self, resolver: Arc<dyn Resolve>) {
        let mut kept: HashMap<SocketAddr, CancellationToken> = HashMap::new();
        let mut backoff = Backoff::new(LOOKUP_PAUSE, self.settings.resolve_interval);
        loop {
            let losses = self.pool.losses();
            let looked_up = tokio::select! {
                () = self.ended.cancelled() => return,
                looked_up = timeout(LOOKUP, resolver.resolve()) => looked_up,
            };
            let wait = match looked_up {
                Ok(Ok(addresses)) if !addresses.is_empty() => {
                    backoff.success();
                    self.keep(&addresses, losses, &mut kept);
                    if self.pool.serves() {
                        self.settings.resolve_interval
                    } else {
                        self.settings.resolve_interval.min(LOOKUP_ALONE)
                    }
                }
                Ok(Ok(_)) => self.unresolved("it has no address", losses, &mut backoff),
                Ok(Err(error)) => self.unresolved(&error.to_string(), losses, &mut backoff),
                Err(_) => self.unresolved("no answer in time", losses, &mut backoff),
            };
            let asked = async {
                sleep(LOOKUP_PAUSE).await;
                self.pool.stale.notified().await;
            };
            tokio::select! {
                () = self.ended.cancelled() => return,
                () = sleep(wait) => {}
                () = asked => {}
            }
        }
    }

    fn unresolved(&self, reason: &str, losses: u64, backoff: &mut Backoff) -> Duration {
        let server = &self.settings.server;
        tracing::debug!(%server, reason, "the server's name gives no address");
        let reason = format!("the name {} is unknown: {reason}", server.host());
        self.pool.unresolved(reason, losses);
        backoff.failure()
    }

    fn keep(
        &self,
        addresses: &[SocketAddr],
        losses: u64,
        kept: &mut HashMap<SocketAddr, CancellationToken>,
    ) {
        for address in self.pool.resolved(addresses, losses) {
            let ended = self.ended.child_token();
            kept.insert(address, ended.clone());
            let keeper = Self {
                ended,
                ..self.clone()
            };
            self.lifecycle.spawn(keeper.keep_connected(address));
        }
        kept.retain(|address, ended| {
            let stays = addresses.contains(address);
            if !stays {
                // Calls that are under way keep their connection to their end.
                tracing::debug!(%address, "the server's name has this address no more");
                ended.cancel();
            }
            stays
        });
    }

    /// Connects to one server, again and again, until the name has it no more.
    async fn keep_connected(self, address: SocketAddr) {
        let ended = self.ended.clone();
        tokio::select! {
            () = ended.cancelled() => {}
            () = self.reconnect(address) => {}
        }
    }

    async fn reconnect(self, address: SocketAddr) {
        let (first, longest) = RECONNECT;
        let mut backoff = Backoff::new(first, longest);
        let endpoint = Endpoint {
            address,
            settings: Arc::clone(&self.settings),
            lifecycle: self.lifecycle.clone(),
        };
        loop {
            let reason = match self.connect(&endpoint).await {
                Err(reason) => reason,
                Ok(server) => {
                    let since = Instant::now();
                    tracing::debug!(%address, "connected");
                    self.until_lost(&server).await;
                    tracing::debug!(%address, "connection lost");
                    if since.elapsed() >= LASTING {
                        backoff.success();
                        self.pool.lost(address);
                        continue;
                    }
                    format!("the connection to {address} broke at once")
                }
            };
            tracing::debug!(%address, reason, "server away");
            self.pool.failed(address, reason);
            sleep(backoff.failure()).await;
        }
    }

    /// Connects, and has the server say how it is: the kernel of a process that hangs accepts
    /// connections too.
    async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<Server>, String> {
        let connection = endpoint
            .connect()
            .await
            .map_err(|error| error.to_string())?;
        let Some(serves) = self.ask(&connection).await else {
            let address = endpoint.address;
            return Err(format!(
                "no sign of life from {address} on a new connection"
            ));
        };
        Ok(self.pool.connected(endpoint, connection, serves))
    }

    /// Asks the server how it is, until the connection turns out to be broken.
    async fn until_lost(&self, server: &Server) {
        let asking = async {
            loop {
                sleep(self.settings.health_interval).await;
                match self.ask(&server.for_calls).await {
                    Some(serves) => {
                        if server.set_serves(serves) && !serves {
                            self.pool.stale.notify_one();
                        }
                    }
                    None => return,
                }
            }
        };
        tokio::select! {
            () = server.for_calls.closed() => {}
            () = asking => {}
        }
    }

    /// Whether the server says that it serves; none where it does not answer.
    async fn ask(&self, connection: &Connection) -> Option<bool> {
        let mut health = HealthClient::new(connection.clone());
        let asked = health.check(HealthCheckRequest::default());
        match timeout(self.settings.health_timeout, asked).await {
            Ok(Ok(answer)) => Some(answer.into_inner().status() == ServingStatus::Serving),
            // A server without the health service is one that serves.
            Ok(Err(status)) if status.code() == Code::Unimplemented => Some(true),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

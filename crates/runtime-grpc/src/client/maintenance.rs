//! Keeps the pool up to date: one task looks the name up, and one for each backend keeps it
//! connected and asks for its health.

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
use super::pool::{Backend, Pool};
use super::resolve::Resolve;
use super::settings::GrpcClientSettings;
use runtime::Lifecycle;
use runtime::backoff::Backoff;

/// What each of these tasks holds. They end when `ended` is cancelled.
#[derive(Clone)]
pub(super) struct Maintainer {
    pub(super) pool: Arc<Pool>,
    pub(super) settings: Arc<GrpcClientSettings>,
    pub(super) lifecycle: Lifecycle,
    pub(super) ended: CancellationToken,
}

/// A look-up takes no longer than this, whatever the system's resolver is set to.
const LOOKUP: Duration = Duration::from_secs(5);

/// Between two look-ups, however many backends fail.
const LOOKUP_PAUSE: Duration = Duration::from_millis(250);

/// Between two look-ups while every backend drains or is away: new ones are about to come, and the
/// entry in a DNS cache is about to expire.
const LOOKUP_ALONE: Duration = Duration::from_millis(500);

/// The longest wait after a look-up that gave no address: servers that are being started with this
/// client get theirs at any moment.
const LOOKUP_UNKNOWN: Duration = Duration::from_secs(1);

/// The first wait after a failed connection, and the longest.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// A connection that breaks sooner counts as failed, not as lost.
const LASTING: Duration = Duration::from_secs(1);

impl Maintainer {
    /// Looks the name up, again and again, until the client has ended.
    pub(super) async fn follow(self, resolver: Arc<dyn Resolve>) {
        let mut kept: HashMap<SocketAddr, CancellationToken> = HashMap::new();
        let longest = self.settings.resolve_interval.min(LOOKUP_UNKNOWN);
        let mut backoff = Backoff::new(LOOKUP_PAUSE, longest);
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
            let re_resolve = async {
                sleep(LOOKUP_PAUSE).await;
                self.pool.re_resolve.notified().await;
            };
            tokio::select! {
                () = self.ended.cancelled() => return,
                () = sleep(wait) => {}
                () = re_resolve => {}
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
            let maintainer = Self {
                ended,
                ..self.clone()
            };
            self.lifecycle.spawn(maintainer.keep_connected(address));
        }
        kept.retain(|address, ended| {
            let stays = addresses.contains(address);
            if !stays {
                // Calls that are under way keep their connection to their end.
                tracing::debug!(%address, "the server's name no longer has this address");
                ended.cancel();
            }
            stays
        });
    }

    /// Keeps one backend connected until the name no longer has its address.
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
                Ok(backend) => {
                    let since = Instant::now();
                    tracing::debug!(%address, "connected");
                    self.until_lost(&backend).await;
                    tracing::debug!(%address, "connection lost");
                    if since.elapsed() >= LASTING {
                        backoff.success();
                        self.pool.lost(address);
                        continue;
                    }
                    format!("the connection to {address} broke at once")
                }
            };
            tracing::debug!(%address, reason, "backend away");
            self.pool.failed(address, reason);
            sleep(backoff.failure()).await;
        }
    }

    /// Connects, and asks for the backend's health: the kernel of a process that hangs accepts
    /// connections too.
    async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<Backend>, String> {
        let connection = endpoint
            .connect()
            .await
            .map_err(|error| error.to_string())?;
        let Some(serves) = self.is_serving(&connection).await else {
            let address = endpoint.address;
            return Err(format!(
                "no sign of life from {address} on a new connection"
            ));
        };
        Ok(self.pool.connected(endpoint, connection, serves))
    }

    /// Asks for the backend's health until the connection turns out to be broken.
    async fn until_lost(&self, backend: &Backend) {
        let health_checks = async {
            loop {
                sleep(self.settings.health_interval).await;
                match self.is_serving(&backend.unary).await {
                    Some(serves) => {
                        if backend.set_serves(serves) && !serves {
                            self.pool.re_resolve.notify_one();
                        }
                    }
                    None => return,
                }
            }
        };
        tokio::select! {
            () = backend.unary.closed() => {}
            () = health_checks => {}
        }
    }

    /// Whether the backend says that it serves. `None` if it does not answer.
    async fn is_serving(&self, connection: &Connection) -> Option<bool> {
        let mut health = HealthClient::new(connection.clone());
        let asked = health.check(HealthCheckRequest::default());
        match timeout(self.settings.health_timeout, asked).await {
            Ok(Ok(answer)) => Some(answer.into_inner().status() == ServingStatus::Serving),
            // A server without a health service is taken to serve.
            Ok(Err(status)) if status.code() == Code::Unimplemented => Some(true),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}

//! The program.

use std::sync::Arc;

use clap::Command;
use runtime::readiness::Dependency;
use runtime::settings::adjust;
use runtime::{Lifecycle, Service, http_client, net};
use runtime_redis::RedisSettings;
use tokio::net::TcpListener;

use crate::error::Error;
use crate::hub::{Hub, HubSettings, PeerName, WelcomeSettings};
use crate::metrics::ChatMetrics;
use crate::relay::inbound::Inbound;
use crate::relay::outbound::{self, Outbound};
use crate::server::{self, App};
use crate::settings::{ChatSettings, Delivery};
use crate::store::Store;
use crate::store::shared::{ReadPosition, SharedLog, Snapshot};

/// `chat`: one of the services, by `SERVICE_NAME`.
#[derive(Debug)]
pub struct Chat;

/// `serviceA` of the lab: the same program under the name of its part.
#[derive(Debug)]
pub struct ServiceA;

/// `serviceB` of the lab.
#[derive(Debug)]
pub struct ServiceB;

impl Service for Chat {
    const NAME: &'static str = "chat";
    const ABOUT: &'static str =
        "A chat room over WebSockets, relayed to the rooms of other services";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ChatSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        let command = adjust(command, "redis_url", |arg| {
            arg.help(
                "Redis that the replicas of this service share their log in, as in \
                 redis://redis:6379/0, or unix:///run/redis.sock; user and password may stand in \
                 it, percent-encoded; several with commas: the first nodes of a cluster, or the \
                 sentinels; empty: this process is alone",
            )
        });
        let command = adjust(command, "redis_connect_timeout", |arg| {
            arg.default_value("2s")
        });
        let command = adjust(command, "redis_timeout", |arg| {
            arg.default_value("2s")
                .help("For one try of a command; after that it is tried again")
        });
        adjust(command, "max_connections", |arg| arg.default_value("20000"))
    }

    fn part(settings: &ChatSettings) -> Option<String> {
        Some(settings.service.to_string())
    }

    async fn run(settings: ChatSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        run(settings, lifecycle).await
    }
}

impl Service for ServiceA {
    const NAME: &'static str = "serviceA";
    const ABOUT: &'static str = Chat::ABOUT;
    const VERSION: &'static str = Chat::VERSION;
    type Settings = ChatSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        Chat::declare(command)
    }

    fn part(settings: &ChatSettings) -> Option<String> {
        Chat::part(settings)
    }

    async fn run(settings: ChatSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        run(settings, lifecycle).await
    }
}

impl Service for ServiceB {
    const NAME: &'static str = "serviceB";
    const ABOUT: &'static str = Chat::ABOUT;
    const VERSION: &'static str = Chat::VERSION;
    type Settings = ChatSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        adjust(Chat::declare(command), "service_name", |arg| {
            arg.default_value("serviceB")
        })
    }

    fn part(settings: &ChatSettings) -> Option<String> {
        Chat::part(settings)
    }

    async fn run(settings: ChatSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        run(settings, lifecycle).await
    }
}

async fn run(settings: ChatSettings, lifecycle: Lifecycle) -> Result<(), Error> {
    let public = net::bind("LISTEN", settings.listen)?;
    // Each client has a queue with bounds of its own, and a crowd that comes is told of each other at once.
    net::lift_unsent_bound(&public);
    let relay = match settings.relay.listen {
        Some(address) => Some(net::bind("RELAY_LISTEN", address)?),
        None => None,
    };
    serve(settings, public, relay, lifecycle).await
}

/// Serves on these listeners until the lifecycle stops, and relays until nothing is left.
pub async fn serve(
    settings: ChatSettings,
    public: TcpListener,
    relay: Option<TcpListener>,
    lifecycle: Lifecycle,
) -> Result<(), Error> {
    let metrics = lifecycle.metrics();
    let client = http_client::HttpClient::new(settings.relay.timeout, MAX_ANSWER, metrics)?;
    let opened = open(&settings, ChatMetrics::new(metrics), &lifecycle).await?;
    let Some((hub, following)) = opened else {
        return Ok(()); // told to end before Redis was there
    };
    let transport = Arc::new(client);
    for url in &settings.relay.peers {
        let transport = Arc::clone(&transport);
        let outbound = Outbound::new(hub.clone(), transport, url.clone(), &settings.relay);
        lifecycle.spawn(outbound.run(lifecycle.clone()));
    }
    let keys = settings.relay.keys.clone();
    let inbound = Inbound::new(hub.clone(), keys, settings.relay.tolerance);
    let app = App::new(hub.clone(), &settings, lifecycle.clone());
    let serving = server::serve(app, inbound, &settings, public, relay);
    let Some(following) = following else {
        serving.await;
        return Ok(());
    };
    let mut following = Box::pin(following.run(&hub, &lifecycle));
    tokio::pin!(serving);
    tokio::select! {
        biased;
        followed = &mut following => followed?,
        // Those who leave at the end are still announced.
        () = &mut serving => following.await?,
    }
    Ok(())
}

/// How a replica follows the log that it shares.
#[derive(Debug)]
pub struct Following {
    from: ReadPosition,
    store: Dependency,
}

impl Following {
    /// Follows until everybody has left, or the log is lost.
    pub async fn run(self, hub: &Hub, lifecycle: &Lifecycle) -> Result<(), Error> {
        let alive = (hub.clone(), lifecycle.clone());
        lifecycle.spawn(async move { alive.0.keep_alive(&alive.1).await });
        Ok(hub.follow(self.from, &self.store, lifecycle).await?)
    }
}

/// A room at work around the log that the settings name. None where the lifecycle ends first.
pub async fn open(
    settings: &ChatSettings,
    metrics: ChatMetrics,
    lifecycle: &Lifecycle,
) -> Result<Option<(Hub, Option<Following>)>, Error> {
    let (hub, following) = match &settings.redis {
        None => (room(settings, metrics)?, None),
        Some(redis) => {
            let Some((shared, begun, store)) = join(settings, redis, lifecycle).await? else {
                return Ok(None);
            };
            let from = begun.from.clone();
            let hub = hub(settings, Store::shared(shared, begun), metrics);
            (hub, Some(Following { from, store }))
        }
    };
    hub.start(lifecycle);
    Ok(Some((hub, following)))
}

/// Most bytes of a peer's answer: its presence names every client.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Joins the replicas that share a log, once Redis is there. None where the lifecycle ends first.
async fn join(
    settings: &ChatSettings,
    redis: &RedisSettings,
    lifecycle: &Lifecycle,
) -> Result<Option<(SharedLog, Snapshot, Dependency)>, Error> {
    let urls: Vec<_> = names(settings).into_iter().map(|name| name.url).collect();
    let client = SharedLog::client(redis.clone(), &settings.service, lifecycle)?;
    let log = lifecycle.readiness().require("shared log");
    let begin = Box::pin(SharedLog::begin(
        client,
        settings.service.clone(),
        settings.retention(),
        urls,
        settings.replica_timeout,
    ));
    tokio::select! {
        biased;
        () = lifecycle.stopping() => Ok(None),
        begun = begin => {
            let (shared, snapshot) = begun?;
            Ok(Some((shared, snapshot, log)))
        }
    }
}

fn names(settings: &ChatSettings) -> Vec<PeerName> {
    settings.relay.peers.iter().map(outbound::name).collect()
}

/// The room around the log that this process has for itself. [`Hub::start`] makes it work.
pub fn room(settings: &ChatSettings, metrics: ChatMetrics) -> Result<Hub, Error> {
    let (service, retention) = (settings.service.clone(), settings.retention());
    let urls = names(settings).into_iter().map(|name| name.url);
    let store = match &settings.disk {
        Some(disk) => Store::on_disk(&service, retention, urls, disk)?,
        None => Store::in_memory(service, retention, urls),
    };
    Ok(hub(settings, store, metrics))
}

fn hub(settings: &ChatSettings, store: Store, metrics: ChatMetrics) -> Hub {
    let ping = settings.client.ping_interval.as_millis();
    let settings_of_hub = HubSettings {
        welcome: WelcomeSettings {
            trace_url: settings.trace_url.clone(),
            max_message: settings.client.max_message,
            ping_interval: u64::try_from(ping).unwrap_or(u64::MAX),
            at_most_once: settings.relay.delivery == Delivery::AtMostOnce,
        },
        queue: settings.client.queue,
        return_time: settings.replica_timeout,
    };
    Hub::new(store, names(settings), settings_of_hub, metrics)
}

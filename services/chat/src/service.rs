//! The program.

use std::sync::Arc;

use runtime::settings::Defaults;
use runtime::{Life, Service, http, http_client, net};
use tokio::net::TcpListener;

use crate::error::Error;
use crate::hub::{Hub, WelcomeSettings};
use crate::metrics::ChatMetrics;
use crate::relay::inbound::Inbound;
use crate::relay::outbound::{self, Outbound};
use crate::server::{self, App};
use crate::settings::ChatSettings;
use crate::store::Local;

/// `chat`: one of the two services, by `SERVICE_NAME`.
#[derive(Debug)]
pub struct Chat;

impl Service for Chat {
    const NAME: &'static str = "chat";
    const ABOUT: &'static str =
        "A chat room over WebSockets, relayed to the rooms of other services";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULTS: Defaults = Defaults(&[include_str!("chat.toml"), http::DEFAULTS]);
    type Settings = ChatSettings;
    type Error = Error;

    fn part(settings: &ChatSettings) -> Option<String> {
        Some(settings.service.to_string())
    }

    async fn run(settings: ChatSettings, life: Life) -> Result<(), Error> {
        let public = net::bind("LISTEN", settings.listen).await?;
        let relay = match settings.relay.listen {
            Some(address) => Some(net::bind("RELAY_LISTEN", address).await?),
            None => None,
        };
        serve(settings, public, relay, life).await
    }
}

/// Serves on these listeners until the life stops, and relays until nothing is left.
pub async fn serve(
    settings: ChatSettings,
    public: TcpListener,
    relay: Option<TcpListener>,
    life: Life,
) -> Result<(), Error> {
    let metrics = life.metrics();
    let client = http_client::Client::new(settings.relay.timeout, MAX_ANSWER, metrics.clone())?;
    let hub = room(&settings, ChatMetrics::new(metrics))?;
    let carrier = Arc::new(client);
    for url in &settings.relay.peers {
        let carrier = Arc::clone(&carrier);
        let outbound = Outbound::new(hub.clone(), carrier, url.clone(), &settings.relay);
        life.spawn(outbound.run(life.clone()));
    }
    let keys = settings.relay.keys.clone();
    let inbound = Inbound::new(hub.clone(), keys, settings.relay.tolerance);
    let app = App::new(hub, &settings, life);
    server::serve(app, inbound, &settings, public, relay).await;
    Ok(())
}

/// Most bytes of a peer's answer: its presence names every client.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The room around the log that the settings name.
pub fn room(settings: &ChatSettings, metrics: ChatMetrics) -> Result<Hub, Error> {
    let names: Vec<_> = settings.relay.peers.iter().map(outbound::name).collect();
    let (service, keeps) = (settings.service.clone(), settings.keeps);
    let urls = names.iter().map(|name| name.url.clone());
    let local = match &settings.disk {
        Some(disk) => Local::on_disk(&service, keeps, urls, disk)?,
        None => Local::in_memory(service.clone(), keeps, urls),
    };
    let ping = settings.client.ping_interval.as_millis();
    let welcome = WelcomeSettings {
        trace_url: settings.trace_url.clone(),
        max_message: settings.client.max_message,
        ping_interval: u64::try_from(ping).unwrap_or(u64::MAX),
        queue: settings.client.queue,
    };
    Ok(Hub::new(service, local, names, welcome, metrics))
}

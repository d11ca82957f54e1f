//! The routes of the page and the WebSockets, and the servers for them and the relay.

mod connect;
mod origin;
mod query;
mod upgrade;

use std::sync::Arc;

use axum::routing::get;
use runtime::http::Routes;
use runtime::trace::Trust;
use runtime::{Lifecycle, http};
use tokio::net::TcpListener;

use crate::hub::Hub;
use crate::page;
use crate::relay::inbound::Inbound;
use crate::settings::{ChatSettings, ClientLimits};
use origin::Origins;

/// What the handlers share.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hub: Hub,
    limits: ClientLimits,
    origins: Origins,
    trust: Trust,
    lifecycle: Lifecycle,
}

impl App {
    /// An application around this room.
    pub fn new(hub: Hub, settings: &ChatSettings, lifecycle: Lifecycle) -> Self {
        Self(Arc::new(Inner {
            hub,
            limits: settings.client,
            origins: Origins::new(&settings.allowed_origins),
            trust: settings.trust.clone(),
            lifecycle,
        }))
    }

    /// The page and the WebSockets.
    pub fn routes(self) -> Routes {
        Routes::new()
            .route("/ws/{clientId}", get(connect::connect))
            .with_state(self)
            .merge(page::routes())
    }
}

/// Serves until the lifecycle stops. Without a listener of its own, the relay shares the public
/// one.
pub async fn serve(
    app: App,
    inbound: Inbound,
    settings: &ChatSettings,
    public: TcpListener,
    relay: Option<TcpListener>,
) {
    let lifecycle = app.0.lifecycle.clone();
    let limits = settings.limits;
    let proxies = settings.proxies.clone();
    match relay {
        None => {
            let routes = app.routes().merge(inbound.routes());
            http::serve_proxied(public, routes, limits, proxies, &lifecycle).await;
        }
        Some(relay) => {
            tokio::join!(
                http::serve_proxied(public, app.routes(), limits, proxies, &lifecycle),
                http::serve(relay, inbound.routes(), limits, &lifecycle),
            );
        }
    }
}

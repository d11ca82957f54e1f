//! The lab's own lifecycle: receive, show, start everything, stop everything in order.

use std::time::Duration;

use axum::Router;
use runtime::http::{HttpLimits, serve_untraced};
use runtime::net::{self, BindError};
use runtime::settings::Defaults;
use runtime::{Lifecycle, Service};
use tokio::net::TcpListener;

use crate::collector::{self, Shared};
use crate::health::Health;
use crate::page::guard::{Hosts, guarded};
use crate::page::{self, Shown};
use crate::settings::{DEFAULTS, LabSettings};
use crate::supervisor::Supervisor;
use crate::supervisor::board::Board;
use crate::supervisor::output::{Look, Output};
use crate::{banner, jaeger};

/// The program that plain `cargo run` starts.
#[derive(Debug)]
pub struct Lab;

/// Why the lab ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A port was taken between the look at it and its use.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The program cannot be started again as a service.
    #[error("this program cannot find itself: {0}")]
    Program(#[source] std::io::Error),
    /// Health cannot be asked for.
    #[error("probes cannot be asked: {0}")]
    Client(#[from] reqwest::Error),
}

impl Service for Lab {
    const NAME: &'static str = "malha";
    const ABOUT: &'static str = "Every Malha service on this machine";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULTS: Defaults = DEFAULTS;
    type Settings = LabSettings;
    type Error = LabError;

    async fn run(settings: LabSettings, lifecycle: Lifecycle) -> Result<(), LabError> {
        let board = Board::new(&settings.services);
        let health = Health::of(&board, &lifecycle);
        let program = std::env::current_exe().map_err(LabError::Program)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let page = net::bind("LAB_PAGE_LISTEN", settings.page_listen).await?;
        let address = page.local_addr().unwrap_or(settings.page_listen);
        let receiver = match settings.spans_elsewhere {
            Some(_) => None,
            None => Some(net::bind("LAB_OTLP_LISTEN", settings.otlp_listen).await?),
        };

        let names = settings.services.iter().map(|service| service.name);
        let look = Look::for_terminal(names, settings.no_color);
        let (output, writer) = Output::start(look, &lifecycle);
        // The receiver outlasts the services, whose last spans come when they end.
        let serving = lifecycle.detached();
        serve(&settings, &board, page, receiver, &serving);
        for line in banner::lines(&settings, address) {
            output.say(line).await;
        }
        lifecycle.spawn(health.watch(client));
        let supervisor =
            Supervisor::start(&program, settings.services, &board, &output, &lifecycle);

        lifecycle.draining().await;
        output
            .say("stopping; once more Ctrl-C ends everything at once")
            .await;
        supervisor.stop().await;
        output.say("everything stopped").await;
        drop(output);
        if tokio::time::timeout(LAST_LINES, writer).await.is_err() {
            tracing::debug!("standard output took no more");
        }
        Ok(())
    }
}

/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Starts to answer on the page's port and the receiver's.
fn serve(
    settings: &LabSettings,
    board: &Board,
    page: TcpListener,
    receiver: Option<TcpListener>,
    lifecycle: &Lifecycle,
) {
    let store = Shared::new(settings.kept);
    let hosts = Hosts::new(&settings.hosts);
    let api = match &settings.spans_elsewhere {
        Some(endpoint) => jaeger::elsewhere(endpoint),
        None => jaeger::routes(store.clone()),
    };
    let shown = Shown {
        board: board.clone(),
        store: store.clone(),
        spans_elsewhere: settings.spans_elsewhere.clone(),
    };
    let routes = guarded(page::routes(shown).merge(api), hosts.clone());
    spawn_server(lifecycle, "page", page, routes, settings.page_limits);
    if let Some(receiver) = receiver {
        let routes = guarded(collector::http::routes(store), hosts);
        spawn_server(lifecycle, "otlp", receiver, routes, settings.otlp_limits);
    }
}

/// Answers on a listener for as long as its lifecycle lasts.
fn spawn_server(
    lifecycle: &Lifecycle,
    protocol: &'static str,
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
) {
    let own = lifecycle.clone();
    lifecycle.spawn(async move { serve_untraced(protocol, listener, routes, limits, &own).await });
}

//! The lab's own lifecycle: receive, show, start everything, stop everything in order.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use clap::Command;
use runtime::http::{HttpLimits, serve_untraced};
use runtime::net::{self, BindError};
use runtime::settings::{self, SettingsError, adjust};
use runtime::{Lifecycle, Service};
use runtime_grpc::DescriptorError;
use tokio::net::TcpListener;

use crate::collector::{self, SharedStore};
use crate::faults::{self, Board};
use crate::health::Health;
use crate::lessons::{self, LessonRunner};
use crate::links::{LabLinks, Wiring, thread};
use crate::page::guard::{Hosts, guarded};
use crate::page::{self, Shown};
use crate::samples::Samples;
use crate::settings::LabSettings;
use crate::supervisor::Supervisor;
use crate::supervisor::control::Controls;
use crate::supervisor::output::{Output, Style};
use crate::supervisor::status::StatusRegistry;
use crate::wire::{self, CatchUp, Decoder, WireStore};
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
    /// There is no port for a service behind its link.
    #[error("no port is free on this machine: {0}")]
    Ports(#[source] std::io::Error),
    /// There is no thread for what passes the links.
    #[error("no thread can be started for the links: {0}")]
    Thread(#[source] std::io::Error),
    /// A link cannot be made.
    #[error("a link cannot be made: {0}")]
    Link(#[from] link::LinkError),
    /// The program cannot be started again as a service.
    #[error("this program cannot find itself: {0}")]
    Program(#[source] std::io::Error),
    /// Health cannot be asked for.
    #[error("probes cannot be asked: {0}")]
    Client(#[from] reqwest::Error),
    /// OTLP's interfaces cannot be served.
    #[error(transparent)]
    Interfaces(#[from] DescriptorError),
}

impl Lab {
    /// The settings that it would have with these arguments.
    pub(crate) fn settings(args: &[OsString]) -> Result<LabSettings, SettingsError> {
        let args = args.iter().cloned();
        settings::invocation(runtime::command::<Self>(), args, settings::environment())?.read()
    }
}

impl Service for Lab {
    const NAME: &'static str = "malha";
    const ABOUT: &'static str = "Every Malha service on this machine";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = LabSettings;
    type Error = LabError;

    fn declare(command: Command) -> Command {
        let command = adjust(command, "admin_listen", |arg| {
            arg.default_value("127.0.0.1:9110").help(
                "Address of the lab's own probes and metrics: /livez, /readyz, /metrics, /version",
            )
        });
        let command = adjust(command, "drain_delay", |arg| {
            arg.default_value("0s").help(
                "How long to go on serving after SIGTERM before the services are stopped \
                 (SIGINT skips it)",
            )
        });
        let command = adjust(command, "drain_timeout", |arg| {
            arg.default_value("30s")
                .help("How long stopping all services may take; what is left is cut")
        });
        adjust(command, "log_level", |arg| {
            arg.default_value("warn").help(
                "What the lab itself logs: off, error, warn, info, debug or trace; passed to \
                 the services where set",
            )
        })
    }

    async fn run(mut settings: LabSettings, lifecycle: Lifecycle) -> Result<(), LabError> {
        let registry = StatusRegistry::new(&settings.services);
        for without in &settings.without {
            registry.absent(without.service);
        }
        let health = Health::of(&registry, &lifecycle);
        let program = std::env::current_exe().map_err(LabError::Program)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let page = net::bind("LAB_PAGE_LISTEN", settings.page_listen)?;
        let address = page.local_addr().unwrap_or(settings.page_listen);
        let receiver = match settings.spans_elsewhere {
            Some(_) => None,
            None => Some(Receiver::bind(&settings)?),
        };

        let names = settings.services.iter().map(|service| service.name);
        let style = Style::for_terminal(names, settings.no_color);
        let (output, writer) = Output::start(style, &lifecycle);
        // The receiver outlasts the services, whose last spans come when they end; so do the links.
        let serving = lifecycle.detached();
        let (controls, orders) = Controls::of(registry.entries().iter().map(|entry| entry.name));
        let (wire, links) = links(&mut settings, &registry, &serving).await?.unzip();
        let health = health.opening(links.clone());
        let board = Board::new(links.clone(), controls.clone(), &registry);
        let lesson_runner = LessonRunner::new(board.clone(), controls, &registry, &lifecycle);
        let wire = wire.zip(links.clone());
        let traces = SharedStore::new(settings.kept());
        traces.refusals().register(lifecycle.metrics());
        let wire = wire.map(|((store, decoder), links)| {
            wire::routes::routes(store, decoder, links, traces.clone())
        });
        if let Some(links) = links {
            let toxiproxy = net::bind("LAB_TOXIPROXY_LISTEN", settings.toxiproxy_listen)?;
            let routes = guarded(
                link::api::routes(links.links().clone()),
                Hosts::new(&settings.hosts),
            );
            spawn_server(
                &serving,
                "toxiproxy",
                toxiproxy,
                routes,
                settings.page_limits,
            );
            lifecycle.spawn(links.watch(output.clone(), lifecycle.clone()));
        }
        lifecycle.spawn(board.clone().watch(lifecycle.clone()));
        let shown = Shown {
            registry: registry.clone(),
            plans: settings.services.clone().into(),
            samples: Samples::default(),
            logs: output.book().clone(),
            store: traces,
            client: client.clone(),
            spans_elsewhere: settings.spans_elsewhere.clone(),
        };
        let samples = shown.samples.clone();
        lifecycle.spawn(samples.watch(registry.clone(), client.clone(), lifecycle.clone()));
        let control = faults::routes::routes(board.clone(), Some(settings.toxiproxy_listen));
        let control = control.merge(wire.unwrap_or_default());
        let control = control.merge(lessons::routes::routes(lesson_runner));
        serve(&settings, shown, control, page, receiver, &serving)?;
        for line in banner::lines(&settings, address) {
            output.say(line).await;
        }
        let ready = say_when_ready(registry.clone(), output.clone(), address);
        let ending = lifecycle.clone();
        lifecycle.spawn(async move {
            tokio::select! {
                () = ready => {}
                () = ending.draining() => {}
            }
        });
        lifecycle.spawn(health.watch(client));
        let supervisor = Supervisor::start(
            &program,
            settings.services,
            orders,
            &registry,
            &output,
            &lifecycle,
        );

        lifecycle.draining().await;
        output
            .say("stopping; once more Ctrl-C ends everything at once")
            .await;
        // So that services can end in order, and tell each other.
        if let Err(error) = board.mend().await {
            tracing::debug!(%error, "links are not mended at the end");
        }
        supervisor.stop().await;
        output.say("everything stopped").await;
        drop(output);
        if tokio::time::timeout(LAST_LINES, writer).await.is_err() {
            tracing::debug!("standard output took no more");
        }
        Ok(())
    }
}

/// Says where the page is once everything is ready: below all that was said meanwhile.
async fn say_when_ready(registry: StatusRegistry, output: Output, page: SocketAddr) {
    let names: Vec<_> = registry.entries().iter().map(|entry| entry.name).collect();
    registry.until_ready(&names).await;
    output.say(banner::ready(names.len(), page)).await;
}

/// The links, where the lab has some; services listen behind them then.
async fn links(
    settings: &mut LabSettings,
    registry: &StatusRegistry,
    lifecycle: &Lifecycle,
) -> Result<Option<((WireStore, CatchUp), LabLinks)>, LabError> {
    if !settings.links {
        return Ok(None);
    }
    let environment = settings::environment();
    let wiring = Wiring::of(&mut settings.services, &settings.without, &environment)
        .map_err(LabError::Ports)?;
    let store = WireStore::new(settings.lab_wire_bytes);
    let (feed, catch_up, decoder) = Decoder::new(store.clone());
    let home = thread::start().map_err(LabError::Thread)?;
    let links = LabLinks::start(wiring, home, registry, feed, lifecycle).await?;
    lifecycle.spawn(decoder.run(links.clone(), lifecycle.clone()));
    Ok(Some(((store, catch_up), links)))
}

/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Starts to answer on the page's port and the receiver's two.
fn serve(
    settings: &LabSettings,
    shown: Shown,
    control: Router,
    page: TcpListener,
    receiver: Option<Receiver>,
    lifecycle: &Lifecycle,
) -> Result<(), DescriptorError> {
    let store = shown.store.clone();
    let hosts = Hosts::new(&settings.hosts);
    let api = match &settings.spans_elsewhere {
        Some(endpoint) => jaeger::elsewhere(endpoint),
        None => jaeger::routes(store.clone()),
    };
    let routes = page::routes(shown).merge(api).merge(control);
    let routes = guarded(routes, hosts.clone());
    spawn_server(lifecycle, "page", page, routes, settings.page_limits);
    if let Some(receiver) = receiver {
        let (http, grpc) = (settings.otlp_limits(), settings.otlp_grpc_limits());
        let routes = guarded(
            collector::http::routes(store.clone(), http.max_body_bytes),
            hosts,
        );
        spawn_server(lifecycle, "otlp", receiver.http, routes, http);
        let services = collector::grpc::services(store, grpc.max_message)?;
        let own = lifecycle.clone();
        lifecycle.spawn(async move {
            runtime_grpc::serve(receiver.grpc, services, grpc, &own).await;
        });
    }
    Ok(())
}

/// Where spans come in.
struct Receiver {
    http: TcpListener,
    grpc: TcpListener,
}

impl Receiver {
    fn bind(settings: &LabSettings) -> Result<Self, BindError> {
        Ok(Self {
            http: net::bind("LAB_OTLP_LISTEN", settings.otlp_listen)?,
            grpc: net::bind("LAB_OTLP_GRPC_LISTEN", settings.otlp_grpc_listen)?,
        })
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

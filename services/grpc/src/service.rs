//! The two programs of this exercise.

use clap::Command;
use runtime::settings::adjust;
use runtime::{Lifecycle, Service, net};
use runtime_grpc::client::Dns;

use crate::error::Error;
use crate::gateway::{self, ClienteSettings};
use crate::server;
use crate::settings::ServidorSettings;

/// `grpc-servidor`: keeps users, and tells who asks over gRPC.
#[derive(Debug)]
pub struct Servidor;

impl Service for Servidor {
    const NAME: &'static str = "grpc-servidor";
    const ABOUT: &'static str =
        "Keeps users for a while, in Redis or in memory, and serves them over gRPC";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ServidorSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        adjust(command, "redis_url", |arg| {
            arg.help(
                "Redis, as in redis://redis:6379/0, or unix:///run/redis.sock; user and password may \
                 stand in it, percent-encoded, as in redis://ana:s%40same@redis; several with \
                 commas: the first nodes of a cluster, or the sentinels; empty: users are kept in \
                 memory, by each server its own",
            )
        })
    }

    async fn run(settings: ServidorSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen)?;
        server::serve(settings, listener, lifecycle).await
    }
}

/// `grpc-cliente`: gives the users as REST.
#[derive(Debug)]
pub struct Cliente;

impl Service for Cliente {
    const NAME: &'static str = "grpc-cliente";
    const ABOUT: &'static str = "Gives the users as REST over HTTP, and asks for them over gRPC";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ClienteSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        adjust(command, "server_address", |arg| {
            arg.default_value("servidor:50051").help(
                "The servers of users: a name whose every address is one of them (a headless \
                 Service), and a port",
            )
        })
    }

    async fn run(settings: ClienteSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen)?;
        let resolver = Dns(settings.server.server.clone());
        gateway::serve(settings, resolver, listener, lifecycle).await;
        Ok(())
    }
}

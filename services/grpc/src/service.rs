//! The two programs of this exercise.

use runtime::settings::Defaults;
use runtime::{Lifecycle, Service, http, net};
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
    const DEFAULTS: Defaults = Defaults(&[
        include_str!("servidor.toml"),
        runtime_redis::DEFAULTS,
        runtime_grpc::DEFAULTS,
    ]);
    type Settings = ServidorSettings;
    type Error = Error;

    async fn run(settings: ServidorSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen).await?;
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
    const DEFAULTS: Defaults = Defaults(&[
        include_str!("cliente.toml"),
        runtime_grpc::client::DEFAULTS,
        http::DEFAULTS,
    ]);
    type Settings = ClienteSettings;
    type Error = Error;

    async fn run(settings: ClienteSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen).await?;
        let resolver = Dns(settings.server.server.clone());
        gateway::serve(settings, resolver, listener, lifecycle).await;
        Ok(())
    }
}

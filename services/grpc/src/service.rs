//! The program of this exercise that keeps the users.

use runtime::settings::Defaults;
use runtime::{Life, Service, grpc, net, redis};

use crate::error::Error;
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
        redis::DEFAULTS,
        grpc::DEFAULTS,
    ]);
    type Settings = ServidorSettings;
    type Error = Error;

    async fn run(settings: ServidorSettings, life: Life) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen).await?;
        server::serve(settings, listener, life).await
    }
}

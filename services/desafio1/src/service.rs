//! The two programs of this exercise.

use runtime::{Lifecycle, Service, net};

use crate::error::Error;
use crate::settings::{ClientSettings, ServidorSettings};
use crate::{client, server};

/// `desafio1-servidor`: answers a message over HTTP.
#[derive(Debug)]
pub struct Servidor;

impl Service for Servidor {
    const NAME: &'static str = "desafio1-servidor";
    const ABOUT: &'static str = "Answers GET / with a fixed message";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ServidorSettings;
    type Error = Error;

    async fn run(settings: ServidorSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen)?;
        server::serve(settings, listener, lifecycle).await;
        Ok(())
    }
}

/// `desafio1-client`: asks the server every few seconds and prints what it answers.
#[derive(Debug)]
pub struct Client;

impl Service for Client {
    const NAME: &'static str = "desafio1-client";
    const ABOUT: &'static str = "Asks a server for its message every few seconds and prints it";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ClientSettings;
    type Error = Error;

    async fn run(settings: ClientSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        client::poll(settings, std::io::stdout(), lifecycle).await
    }
}

//! The two programs of this exercise.

use runtime::settings::Defaults;
use runtime::{Lifecycle, Service, net};

use crate::error::Error;
use crate::settings::{ClientSettings, ServerSettings};
use crate::{client, server};

/// `sockets-server`: says of numbers whether they are even, prime, long.
#[derive(Debug)]
pub struct Server;

impl Service for Server {
    const NAME: &'static str = "sockets-server";
    const ABOUT: &'static str = "Answers a number sent over TCP with its parity, or all about it";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULTS: Defaults = Defaults(&[include_str!("server.toml"), runtime_tcp::DEFAULTS]);
    type Settings = ServerSettings;
    type Error = Error;

    async fn run(settings: ServerSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen).await?;
        server::serve(settings, listener, lifecycle).await;
        Ok(())
    }
}

/// `sockets-client`: sends numbers and prints the answers.
#[derive(Debug)]
pub struct Client;

impl Service for Client {
    const NAME: &'static str = "sockets-client";
    const ABOUT: &'static str = "Sends a random number over TCP and prints the answer";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULTS: Defaults =
        Defaults(&[include_str!("client.toml"), runtime_tcp::client::DEFAULTS]);
    type Settings = ClientSettings;
    type Error = Error;

    /// A person may run several at once on one machine.
    fn needs_admin(settings: &ClientSettings) -> bool {
        settings.count != 1
    }

    async fn run(settings: ClientSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        client::run(settings, std::io::stdout(), lifecycle).await
    }
}

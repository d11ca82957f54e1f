//! The two programs of this exercise.

use clap::Command;
use runtime::settings::adjust;
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
    type Settings = ServerSettings;
    type Error = Error;

    async fn run(settings: ServerSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen)?;
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
    type Settings = ClientSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        let command = adjust(command, "server_address", |arg| {
            arg.default_value("server:65432")
        });
        adjust(command, "log_level", |arg| arg.default_value("warn"))
    }

    /// A person may run several at once on one machine.
    fn needs_admin(settings: &ClientSettings) -> bool {
        settings.count != 1
    }

    async fn run(settings: ClientSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        client::run(settings, std::io::stdout(), lifecycle).await
    }
}

//! The two programs of this exercise.

use std::io::IsTerminal;

use clap::Command;
use runtime::settings::adjust;
use runtime::{Lifecycle, Service, net};

use crate::error::Error;
use crate::input::AtEnd;
use crate::settings::{ClientSettings, Names, ServerSettings};
use crate::{client, input, server};

/// `hello-server`: greets whoever sends a name over TCP.
#[derive(Debug)]
pub struct Server;

impl Service for Server {
    const NAME: &'static str = "hello-server";
    const ABOUT: &'static str = "Answers a name sent over TCP with a greeting";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ServerSettings;
    type Error = Error;

    async fn run(settings: ServerSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let listener = net::bind("LISTEN", settings.listen)?;
        server::serve(settings, listener, lifecycle).await;
        Ok(())
    }
}

/// `hello-client`: asks for names and prints how the server greets them.
#[derive(Debug)]
pub struct Client;

impl Service for Client {
    const NAME: &'static str = "hello-client";
    const ABOUT: &'static str = "Asks for a name, sends it over TCP and prints the greeting";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Settings = ClientSettings;
    type Error = Error;

    fn declare(command: Command) -> Command {
        let command = adjust(command, "server_address", |arg| {
            arg.default_value("server:8080")
        });
        adjust(command, "log_level", |arg| arg.default_value("warn"))
    }

    /// A person may run several at once on one machine.
    fn needs_admin(settings: &ClientSettings) -> bool {
        matches!(settings.names, Names::List(_))
    }

    async fn run(settings: ClientSettings, lifecycle: Lifecycle) -> Result<(), Error> {
        let stdin = std::io::stdin();
        let at_end = match &settings.names {
            Names::One(_) => None,
            Names::Input => Some(AtEnd::Stop),
            // The list goes on, and so does the terminal, for whoever attaches to it next.
            Names::List(list) => {
                (list.with_terminal && stdin.is_terminal()).then_some(AtEnd::ReadOn)
            }
        };
        let input = at_end.map(|at_end| input::lines(stdin, at_end));
        client::run(settings, input, std::io::stdout(), lifecycle).await
    }
}

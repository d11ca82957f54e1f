//! The client: asks for a name, calls the procedure with it, prints the greeting.

mod console;
mod list;

use std::io::Write;
use std::time::Duration;

use runtime::Lifecycle;
use runtime::trace::{self, Instrument, Parent, SpanKind};
use runtime_tcp::client::Protocol;
use runtime_tcp::{RetryingClient, TcpClientError};

use crate::error::Error;
use crate::input::{Lines, Typed};
use crate::settings::{ClientSettings, Names};
use crate::wire;
use console::Console;
use list::List;

/// Greets every name there is, each over a connection of its own, until the names or the lifecycle end.
///
/// `input` is where a person or another program gives names, line by line.
pub async fn run(
    settings: ClientSettings,
    input: Option<Lines>,
    out: impl Write + Send,
    lifecycle: Lifecycle,
) -> Result<(), Error> {
    let client = runtime_tcp::TcpClient::new(PROTOCOL, settings.tcp, lifecycle.metrics());
    let client = RetryingClient::new(client, settings.patience, "server", lifecycle.clone());
    let mut console = Console::new(out);
    let list = match settings.names {
        Names::One(name) => return once(&client, &name, &mut console).await,
        Names::Input => None,
        Names::List(list) => Some(List::new(list)),
    };
    if list.is_none() {
        client.presume_ready();
    }
    let Tally { asked, failed } = many(&client, list, input, &mut console, &lifecycle).await;
    // Told to end, it ends well, whatever went before.
    if failed == 0 || lifecycle.is_draining() {
        Ok(())
    } else {
        Err(Error::Some(failed, asked))
    }
}

/// How many names there were, and how many got no greeting.
#[derive(Default)]
struct Tally {
    asked: u64,
    failed: u64,
}

const PROTOCOL: Protocol = Protocol {
    name: wire::PROTOCOL,
    procedure: wire::PROCEDURE,
    max_answer: wire::MAX_ANSWER,
    is_refusal: wire::is_refusal,
};

async fn once(
    client: &RetryingClient,
    name: &str,
    console: &mut Console<impl Write>,
) -> Result<(), Error> {
    let answer = say_hello(client, name.as_bytes()).await?;
    let is_printed = console.answer(&answer);
    if wire::is_refusal(&answer) {
        Err(Error::Refused)
    } else if !is_printed {
        Err(Error::Unprinted)
    } else {
        Ok(())
    }
}

/// Greets name after name, typed or of the list, until there are no more.
async fn many(
    client: &RetryingClient,
    mut list: Option<List>,
    mut input: Option<Lines>,
    console: &mut Console<impl Write>,
    lifecycle: &Lifecycle,
) -> Tally {
    let mut tally = Tally::default();
    while input.is_some() || list.is_some() {
        if input.is_some() {
            console.prompt();
        }
        let name = tokio::select! {
            biased;
            () = lifecycle.draining() => break,
            typed = next_typed(&mut input) => typed.and_then(|typed| named(typed, console)),
            name = next_of_list(&mut list) => name,
            _ = client.rest(BEAT) => None, // nobody has typed: the loop moves all the same
        };
        // Whoever attaches to a prompt presses enter to see it: that is no name.
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            continue;
        };
        tally.asked += 1;
        match say_hello(client, &name).await {
            Ok(answer) => {
                let is_printed = console.answer(&answer);
                tally.failed += u64::from(wire::is_refusal(&answer) || !is_printed);
            }
            Err(error) => {
                console.new_line();
                tracing::error!(%error, "given up");
                tally.failed += 1;
            }
        }
    }
    console.new_line();
    tally
}

/// How long to wait for a name before the loop shows that it moves.
const BEAT: Duration = Duration::from_secs(5);

/// What is typed next. `None` at the end of input, which is then forgotten.
async fn next_typed(input: &mut Option<Lines>) -> Option<Typed> {
    let Some(lines) = input else {
        return std::future::pending().await;
    };
    let typed = lines.recv().await;
    if typed.is_none() {
        *input = None;
    }
    typed
}

/// The name that was typed. Who has left a terminal gave none; the prompt stands there for the next.
fn named(typed: Typed, console: &mut Console<impl Write>) -> Option<Vec<u8>> {
    match typed {
        Typed::Line(line) => {
            console.line_given();
            Some(line)
        }
        Typed::Left => {
            console.new_line();
            None
        }
    }
}

/// The next name that is due. `None` at the end of the list, which is then forgotten.
async fn next_of_list(list: &mut Option<List>) -> Option<Vec<u8>> {
    let Some(due) = list else {
        return std::future::pending().await;
    };
    let name = due.next().await;
    if name.is_none() {
        *list = None;
    }
    name
}

/// One call, as one trace.
async fn say_hello(client: &RetryingClient, name: &[u8]) -> Result<Vec<u8>, TcpClientError> {
    let span = trace::start(SpanKind::Internal, "say hello", Parent::Current, []);
    client.call(name).instrument(span).await
}

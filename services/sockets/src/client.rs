//! The client: sends a number, prints what the server says of it.

use std::io::Write;

use rand::Rng;
use runtime::trace::{self, Instrument, Parent, SpanKind};
use runtime::{Lifecycle, terminal};
use runtime_tcp::client::Protocol;
use runtime_tcp::{RetryingClient, TcpClientError};

use crate::domain::Number;
use crate::error::Error;
use crate::settings::ClientSettings;
use crate::wire;

/// Sends as many numbers as it is told, each over a connection of its own, or until the lifecycle ends.
pub async fn run(
    settings: ClientSettings,
    mut out: impl Write + Send,
    lifecycle: Lifecycle,
) -> Result<(), Error> {
    let client = runtime_tcp::TcpClient::new(PROTOCOL, settings.tcp, lifecycle.metrics());
    let client = RetryingClient::new(client, settings.patience, "server", lifecycle.clone());
    let (mut sent, mut failed) = (0, 0);
    loop {
        let number = settings.number.unwrap_or_else(random);
        sent += 1;
        match send(&client, number).await {
            Ok(answer) => {
                let shown = format!("{}\n", terminal::plain(&answer));
                let is_printed = terminal::print(&mut out, &shown);
                failed += u64::from(wire::is_refusal(&answer) || !is_printed);
            }
            Err(error) => {
                tracing::error!(%error, number = number.to_decimal(), "given up");
                failed += 1;
            }
        }
        if sent == settings.count {
            return if failed == 0 {
                Ok(())
            } else {
                Err(Error::Unanswered(failed, sent))
            };
        }
        if !client.rest(settings.interval).await {
            return Ok(()); // told to end, it ends well, whatever went before
        }
    }
}

const PROTOCOL: Protocol = Protocol {
    name: wire::PROTOCOL,
    procedure: wire::PROCEDURE,
    max_answer: wire::MAX_ANSWER,
    is_refusal: wire::is_refusal,
};

/// As the original: from 1 to 1000.
fn random() -> Number {
    Number::from(rand::rng().random_range(1..=1000_u64))
}

/// One number, as one trace.
async fn send(client: &RetryingClient, number: Number) -> Result<Vec<u8>, TcpClientError> {
    let span = trace::start(SpanKind::Internal, "send number", Parent::Current, []);
    tracing::info!(number = number.to_decimal(), "sending");
    client.call(&wire::request(number)).instrument(span).await
}

//! The client: asks, prints, waits, for ever.

use std::io::Write;
use std::time::Duration;

use runtime::backoff::Backoff;
use runtime::http_client::{self, HttpClientError};
use runtime::readiness::Dependency;
use runtime::trace::{self, Instrument, Parent, SpanKind};
use runtime::{Lifecycle, terminal};

use crate::domain::{NoMessage, line};
use crate::error::Error;
use crate::settings::ClientSettings;

/// Asks until the lifecycle drains. Each answer is a line on `out`; each failure is told in the log.
pub async fn poll(
    settings: ClientSettings,
    mut out: impl Write + Send,
    lifecycle: Lifecycle,
) -> Result<(), Error> {
    let client = http_client::HttpClient::new(settings.timeout, MAX_ANSWER, lifecycle.metrics())?;
    let server = lifecycle.readiness().require("servidor");
    let longest_round = settings.max_backoff + settings.timeout;
    let pulse = lifecycle
        .liveness()
        .pulse("poll", longest_round * 2 + MARGIN);
    let mut backoff = Backoff::new(settings.interval, settings.max_backoff).eager(AT_FIRST);
    loop {
        pulse.beat();
        let asked = ask(&client, &settings, &server, &mut backoff, &mut out);
        // What was asked before the end is still answered; the timeout bounds it.
        let wait = asked.await;
        tokio::select! {
            biased;
            () = lifecycle.draining() => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// A server that was started along with the client is there within a second or two.
const AT_FIRST: Duration = Duration::from_millis(500);

/// More than any message needs; a larger answer is refused.
const MAX_ANSWER: usize = 64 * 1024;

/// Beyond the longest round, so that a slow machine does not look dead.
const MARGIN: Duration = Duration::from_secs(10);

/// Why one request gave no line to print.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    NoAnswer(#[from] HttpClientError),
    #[error(transparent)]
    NoMessage(#[from] NoMessage),
}

/// One round, as one trace. Returns how long to wait for the next.
async fn ask(
    client: &http_client::HttpClient,
    settings: &ClientSettings,
    server: &Dependency,
    backoff: &mut Backoff,
    out: &mut (impl Write + Send),
) -> Duration {
    let span = trace::start(SpanKind::Internal, "poll", Parent::Current, []);
    async {
        match message(client, settings).await {
            Ok(message) => {
                server.ready();
                terminal::print(out, &format!("{message}\n"));
                backoff.success()
            }
            Err(error) => {
                let wait = backoff.failure();
                server.not_ready(error.to_string());
                tracing::warn!(%error, retry_in = ?wait, "no answer");
                wait
            }
        }
    }
    .instrument(span)
    .await
}

async fn message(
    client: &http_client::HttpClient,
    settings: &ClientSettings,
) -> Result<String, Unanswered> {
    let answer = client.get(settings.server_url.clone()).await?;
    Ok(line(answer.status.as_u16(), &answer.body)?)
}

//! Changes as they come, into the log of this process: one connection for all who watch.

use std::time::Duration;

use runtime::backoff::Backoff;
use runtime::trace::{Instrument, Parent, Span, SpanKind};
use runtime::{Lifecycle, trace};
use runtime_redis::{Command, Dedicated, RedisError};

use super::{PRUNED_AT_ONCE, RedisStore, key, row};
use crate::domain::{Position, Refusal};
use crate::error::Error;

/// How long Redis waits for a change before it says that there is none.
const BLOCK: Duration = Duration::from_secs(1);

/// How much longer its answer may take.
const LATE: Duration = Duration::from_secs(1);

/// Follows the changes until the lifecycle stops, whatever becomes of Redis meanwhile.
pub(super) async fn follow(store: RedisStore, lifecycle: Lifecycle) {
    let following = async {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        loop {
            // It only ends by an error; while Redis is away that is no news.
            if let Err(error) = stream(&store, &mut backoff).await {
                tracing::debug!(%error, code = error.code(), "changes are not followed");
            }
            tokio::time::sleep(backoff.failure()).await;
        }
    };
    tokio::select! {
        () = following => {}
        () = lifecycle.stopping() => {}
    }
}

async fn stream(store: &RedisStore, backoff: &mut Backoff) -> Result<(), Error> {
    let mut position = begin(store).instrument(unasked("find changes")).await?;
    let mut connection = store.client.dedicated().await?;
    loop {
        let entries = read(&mut connection, position).await?;
        backoff.success();
        if let Some((last, _)) = entries.last() {
            position = row::position(last)?;
            store.changes.publish(row::changes(&entries)?);
        } else if store.rules.users.ttl.is_some() {
            // Nobody asks for anything, so that nobody else lets those go whose time is up.
            let pruned = async {
                while store.prune().await? == PRUNED_AT_ONCE {}
                Ok::<(), Error>(())
            };
            pruned.instrument(unasked("prune")).await?;
        }
    }
}

/// The beginning of a trace of what no request asks for: a CLIENT span would not say why.
fn unasked(name: &'static str) -> Span {
    trace::start(SpanKind::Internal, name, Parent::Current, [])
}

/// Where to go on: after the last change seen, unless it is not known any more what came after it.
async fn begin(store: &RedisStore) -> Result<Position, Error> {
    let last = store.changes.last();
    if last != Position::default() {
        match store.history(last).await {
            Ok(_) => return Ok(last),
            Err(Error::Refused(Refusal::ChangesLost)) => {}
            Err(error) => return Err(error),
        }
    }
    let end = store.end_of_changes().await?;
    store.changes.restart(end);
    Ok(end)
}

/// The entries after a position; none after a while without.
async fn read(connection: &mut Dedicated, after: Position) -> Result<row::Entries, RedisError> {
    let command = Command::read("XREAD")
        .arg("COUNT")
        .arg(1000)
        .arg("BLOCK")
        .arg(BLOCK.as_millis().to_string())
        .arg("STREAMS")
        .arg(key("mudancas"))
        .arg(after.to_string());
    let streams: Option<Vec<(String, row::Entries)>> =
        connection.query(&command, BLOCK + LATE).await?;
    let first = streams.into_iter().flatten().next();
    Ok(first.map(|(_, entries)| entries).unwrap_or_default())
}

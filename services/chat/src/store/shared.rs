//! A log in Redis, which all replicas of a service share.
//!
//! Entries are put into a Redis Stream by a script that holds the rules of [`Log`], and every
//! replica reads the stream: into a copy of the log that answers all questions, and to its
//! clients. So all replicas show the same entries in the same order, and a client may come back to
//! any of them. One replica at a time relays to a peer. What Redis keeps over its own restart is
//! what its persistence keeps.

mod follow;
mod keys;
mod replicas;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, ErrorKind, IntoConnectionInfo, RedisError, Script, ScriptInvocation, ServerErrorKind,
};
use runtime::trace::{self, Parent, SpanKind};
use tracing::Instrument;

use crate::domain::log::{
    AppendOutcome, AppendRequest, Log, Record, Refusal, RelayPolicy, Retention,
};
use crate::domain::presence::Roster;
use crate::domain::{ClientId, Entry, Event, Source, Token};
use crate::settings::Redis;
pub use follow::LogUpdate;
use keys::Keys;

/// The shared log of one service, as one replica uses it. Every clone is the same replica.
#[derive(Clone)]
pub struct SharedLog(Arc<Inner>);

struct Inner {
    client: Client,
    connection: ConnectionManager,
    keys: Keys,
    scripts: Scripts,
    service: Token,
    epoch: Token,
    /// This process.
    replica: Token,
    peers: Vec<String>,
    retention: Retention,
    /// A replica that says nothing for this long is dead.
    dead_after: Duration,
}

impl std::fmt::Debug for SharedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "replica {} of {}", self.0.replica, self.0.service)
    }
}

struct Scripts {
    begin: Script,
    append: Script,
    settle: Script,
    lead: Script,
}

/// Where a replica begins.
#[derive(Debug)]
pub struct Snapshot {
    /// The log as of now.
    pub log: Log,
    /// Who is here, at any replica.
    pub here: Roster,
    /// What to read from.
    pub from: ReadPosition,
}

/// How far a replica has read.
#[derive(Clone, Debug)]
pub struct ReadPosition {
    /// The last cursor.
    pub cursor: u64,
    /// The last receipt's id in its stream.
    pub receipt: String,
}

/// Why the shared log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SharedLogError {
    /// Redis does not answer, or not as it should.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] RedisError),
    /// What is there was not put there by this program.
    #[error("REDIS_URL: what is under {key} is not as this version writes it: {reason}")]
    Damaged {
        /// The key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Redis has forgotten the log under this process.
    #[error("REDIS_URL: the log is gone from Redis; this process begins anew")]
    Lost,
}

impl SharedLogError {
    /// Whether Redis was not reached, or is not ready: that passes, other errors do not.
    pub fn is_away(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        let loading = ErrorKind::Server(ServerErrorKind::BusyLoading);
        error.is_io_error() || error.is_timeout() || error.kind() == loading
    }
}

/// How long messages of a peer, and ids of messages, are known as taken: seconds.
const KNOWN_FOR: u64 = 7 * 24 * 60 * 60;

/// How long one command may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Tries of one append, each beginning where the one before may have ended: an id is taken once.
const TRIES: u32 = 3;

impl SharedLog {
    /// Joins the replicas of a service.
    pub async fn begin(
        redis: &Redis,
        service: Token,
        retention: Retention,
        peers: Vec<String>,
        dead_after: Duration,
    ) -> Result<(Self, Snapshot), SharedLogError> {
        let mut info = redis.url.reveal().into_connection_info()?; // to connect to it
        if let Some(password) = &redis.password {
            let login = info.redis_settings().clone();
            info = info.set_redis_settings(login.set_password(password.reveal())); // to log in with
        }
        let client = Client::open(info)?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(TIMEOUT))
            .set_connection_timeout(Some(TIMEOUT))
            .set_max_delay(TIMEOUT);
        let connection = ConnectionManager::new_with_config(client.clone(), config).await?;
        let scripts = Scripts {
            begin: Script::new(include_str!("shared/begin.lua")),
            append: Script::new(include_str!("shared/append.lua")),
            settle: Script::new(include_str!("shared/settle.lua")),
            lead: Script::new(include_str!("shared/lead.lua")),
        };
        let mut parts = Inner {
            client,
            connection,
            keys: Keys::of(&service),
            scripts,
            service,
            epoch: Token::random(),
            replica: Token::random(),
            peers,
            retention,
            dead_after,
        };
        let begun = parts.read().await?;
        parts.epoch = begun.log.epoch().clone();
        let shared = Self(Arc::new(parts));
        shared.heartbeat().await?;
        Ok((shared, begun))
    }

    /// Takes what is offered into the log, or says why not. It comes back as what is followed.
    pub async fn append(&self, request: &AppendRequest) -> AppendOutcome {
        self.append_as(request, &self.0.replica).await
    }

    async fn append_as(&self, request: &AppendRequest, replica: &Token) -> AppendOutcome {
        let attributes = [
            KeyValue::new("db.system.name", "redis"),
            KeyValue::new("db.operation.name", "EVALSHA"),
        ];
        let span = trace::start(SpanKind::Client, "EVALSHA", Parent::Current, attributes);
        let mut tries = 0;
        loop {
            tries += 1;
            let said = self
                .0
                .append(request, replica)
                .instrument(span.clone())
                .await;
            match said {
                Ok(outcome) => return outcome,
                Err(error) if tries >= TRIES => {
                    trace::fail(&span, "redis", error.to_string());
                    tracing::warn!(%error, "Redis does not take what happens");
                    return AppendOutcome::Unknown;
                }
                Err(error) => tracing::debug!(%error, tries, "not appended"),
            }
        }
    }

    /// A peer is done with an entry: it has taken it, or never will.
    pub async fn settle(
        &self,
        peer: &str,
        sequence: u64,
        delivered: bool,
    ) -> Result<(), RedisError> {
        let parts = &self.0;
        let note = follow::Receipt {
            peer: peer.to_owned(),
            through: sequence,
            delivered,
        };
        let mut settle = parts.scripts.settle.prepare_invoke();
        let keys = &parts.keys;
        settle
            .key(&keys.state)
            .key(&keys.out)
            .key(&keys.acked)
            .key(&keys.receipts)
            .arg(peer)
            .arg(sequence)
            .arg(note.encode());
        for peer in &parts.peers {
            settle.arg(peer);
        }
        parts.invoke::<i64>(&settle).await.map(|_| ())
    }
}

impl Inner {
    async fn invoke<T: redis::FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisError> {
        script.invoke_async(&mut self.connection.clone()).await
    }

    async fn read(&self) -> Result<Snapshot, SharedLogError> {
        type Read = (
            String,
            u64,
            u64,
            String,
            Vec<String>,
            Vec<String>,
            Vec<String>,
            Vec<String>,
        );
        let keys = &self.keys;
        let mut begin = self.scripts.begin.prepare_invoke();
        for key in [
            &keys.epoch,
            &keys.state,
            &keys.log,
            &keys.out,
            &keys.here,
            &keys.acked,
            &keys.receipts,
        ] {
            begin.key(key);
        }
        begin.arg(self.epoch.as_str()).arg(self.retention.history);
        for peer in &self.peers {
            begin.arg(peer);
        }
        let (epoch, cursor, sequence, receipt, entries, waiting, here, acked) =
            self.invoke::<Read>(&begin).await?;
        let epoch = Token::parse(&epoch).map_err(|error| SharedLogError::Damaged {
            key: "epoch",
            reason: error.to_string(),
        })?;
        let mut log = Log::new(
            self.service.clone(),
            epoch.clone(),
            self.retention,
            self.peers.clone(),
        );
        log.replay(Record::Log {
            version: crate::domain::log::VERSION,
            service: self.service.clone(),
            epoch,
            cursor: 0,
            sequence,
        });
        for pair in acked.chunks_exact(2) {
            let through = pair[1].parse().unwrap_or_default();
            log.acknowledge(&pair[0], through);
        }
        let mut all = Vec::new();
        for entry in entries.chunks_exact(3) {
            all.push(read_entry(&entry[2], &entry[0], &entry[1])?);
        }
        for entry in waiting.chunks_exact(3) {
            all.push(read_entry(&entry[2], &entry[1], &entry[0])?);
        }
        all.sort_by_key(|entry: &Entry| entry.cursor);
        all.dedup_by_key(|entry| entry.cursor);
        for entry in all {
            log.replay(Record::Entry(entry));
        }
        let here = here.chunks_exact(2).filter_map(|pair| {
            let client = pair[1].rsplit(' ').next()?;
            Some((ClientId::parse(client)?, 1))
        });
        let mut counts = std::collections::BTreeMap::<_, usize>::new();
        for (client, count) in here {
            *counts.entry(client).or_default() += count;
        }
        Ok(Snapshot {
            log,
            here: counts.into_iter().collect(),
            from: ReadPosition { cursor, receipt },
        })
    }

    async fn append(
        &self,
        request: &AppendRequest,
        replica: &Token,
    ) -> Result<AppendOutcome, RedisError> {
        let mut entry = Entry {
            cursor: 0,
            id: request.id.clone(),
            event: request.event.clone(),
            source: request.source.clone(),
            at: request.at,
            trace: request.trace.clone(),
        };
        let (from, once, again, number) = match &request.source {
            Source::Own { session, .. } => (
                "own",
                self.keys.said(session, &request.id),
                String::new(),
                0,
            ),
            Source::Peer {
                origin,
                epoch,
                sequence,
            } if *origin == self.service && *epoch == self.epoch => {
                let _ = sequence;
                return Ok(AppendOutcome::Refused(Refusal::Loop));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => (
                "peer",
                self.keys.taken(origin, epoch),
                self.keys.relayed(origin, &request.id),
                *sequence,
            ),
            Source::Original => ("original", String::new(), String::new(), 0),
        };
        let moved = match request.event {
            Event::Joined { .. } => "joined",
            Event::Left { .. } => "left",
            Event::Message { .. } | Event::Notice { .. } => "",
        };
        let relay = match request.relay {
            _ if self.peers.is_empty() => "never",
            RelayPolicy::Required => "required",
            RelayPolicy::IfRoom => "if_room",
            RelayPolicy::Always => "always",
            RelayPolicy::Never => "never",
        };
        let keys = &self.keys;
        let mut append = self.scripts.append.prepare_invoke();
        for key in [
            &keys.epoch,
            &keys.state,
            &keys.log,
            &keys.out,
            &once,
            &again,
            &keys.here,
        ] {
            append.key(key);
        }
        let client = request.event.client().map(|client| client.to_string());
        append
            .arg(self.epoch.as_str())
            .arg(from)
            .arg(moved)
            .arg(serde_json::to_string(&entry).unwrap_or_default())
            .arg(relay)
            .arg(entry.weight())
            .arg(self.retention.outbox.entries)
            .arg(self.retention.outbox.bytes)
            .arg(self.retention.history)
            .arg(number)
            .arg(KNOWN_FOR)
            .arg(entry.session().map_or("", Token::as_str))
            .arg(replica.as_str())
            .arg(client.unwrap_or_default());
        let said: Vec<String> = self.invoke(&append).await?;
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        Ok(match said[..] {
            ["taken", cursor, sequence] => {
                entry.place(cursor, sequence);
                AppendOutcome::Appended(Arc::new(entry))
            }
            ["duplicate", cursor] => AppendOutcome::Duplicate(cursor.parse().ok()),
            ["full"] => AppendOutcome::Refused(Refusal::OutboxFull),
            _ => AppendOutcome::Unknown,
        })
    }
}

impl Entry {
    /// Writes down where the script has put it.
    fn place(&mut self, cursor: &str, number: &str) {
        self.cursor = cursor.parse().unwrap_or_default();
        if let Source::Own { sequence, .. } = &mut self.source {
            *sequence = number.parse().ok();
        }
    }
}

fn read_entry(json: &str, cursor: &str, sequence: &str) -> Result<Entry, SharedLogError> {
    let mut entry: Entry = serde_json::from_str(json).map_err(|error| SharedLogError::Damaged {
        key: "log",
        reason: error.to_string(),
    })?;
    entry.place(cursor, sequence);
    Ok(entry)
}

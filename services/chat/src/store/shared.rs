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
mod scripts;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use runtime::Lifecycle;
use runtime_redis::{
    FromRedisValue, Policy, Probe, RedisClient, RedisError, RedisSettings, Script, Value, convert,
};

use crate::domain::log::{
    AppendOutcome, AppendRequest, Log, Record, Refusal, RelayPolicy, Retention,
};
use crate::domain::presence::Roster;
use crate::domain::{ClientId, Entry, Event, Source, Token};
pub use follow::LogUpdate;
use keys::Keys;
use scripts::{Arguments, Scripts};

/// The shared log of one service, as one replica uses it. Every clone is the same replica.
#[derive(Clone)]
pub struct SharedLog(Arc<Inner>);

struct Inner {
    redis: RedisClient,
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

/// Entries of a stream: ids, and fields with their values.
type Entries = Vec<(String, HashMap<String, String>)>;

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

/// How long messages of a peer, and ids of messages, are known as taken: seconds.
const KNOWN_FOR: u64 = 7 * 24 * 60 * 60;

impl SharedLog {
    /// A client of the Redis that holds the log of a service.
    pub fn client(
        redis: RedisSettings,
        service: &Token,
        lifecycle: &Lifecycle,
    ) -> Result<RedisClient, SharedLogError> {
        let probe = Probe::new(Keys::of(service).named("probe"), &["cjson.decode"]);
        let client = RedisClient::new(redis, Policy::KeepAsking, probe, lifecycle)?;
        Ok(client)
    }

    /// Joins the replicas of a service. While Redis is away this waits: pods start in any order.
    pub async fn begin(
        redis: RedisClient,
        service: Token,
        retention: Retention,
        peers: Vec<String>,
        dead_after: Duration,
    ) -> Result<(Self, Snapshot), SharedLogError> {
        let mut parts = Inner {
            redis,
            keys: Keys::of(&service),
            scripts: Scripts::default(),
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
        // Large, and no part of the future of every session that says nothing.
        Box::pin(self.append_as(request, &self.0.replica)).await
    }

    async fn append_as(&self, request: &AppendRequest, replica: &Token) -> AppendOutcome {
        match self.0.append(request, replica).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(%error, "it is not known whether Redis has appended an entry");
                AppendOutcome::Unknown
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
        let arguments = Arguments::default()
            .with("peer", peer)
            .with("through", sequence)
            .with("receipt", note.encode())
            .with("peers", parts.peers_in_json());
        parts.run::<i64>(&parts.scripts.settle, &arguments).await?;
        Ok(())
    }
}

impl Inner {
    async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        arguments: &Arguments,
    ) -> Result<T, RedisError> {
        let prefix = self.keys.prefix();
        let arguments = arguments.list();
        Box::pin(self.redis.run(script, &[prefix], &arguments)).await
    }

    fn peers_in_json(&self) -> String {
        serde_json::to_string(&self.peers).unwrap_or_default() // it is never refused
    }

    async fn read(&self) -> Result<Snapshot, SharedLogError> {
        let arguments = Arguments::default()
            .with("epoch", &self.epoch)
            .with("history", self.retention.history)
            .with("peers", self.peers_in_json());
        let answer = self.run(&self.scripts.begin, &arguments).await?;
        let begun = Begun::read(answer)?;
        let epoch = Token::parse(&begun.epoch).map_err(|error| SharedLogError::Damaged {
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
            sequence: begun.sequence,
        });
        for (peer, through) in &begun.acked {
            log.acknowledge(peer, *through);
        }
        let mut all = Vec::new();
        for (id, fields) in &begun.log {
            all.push(read_entry(fields, number_of(id), field(fields, "s"))?);
        }
        for (id, fields) in &begun.out {
            all.push(read_entry(fields, field(fields, "c"), number_of(id))?);
        }
        all.sort_by_key(|entry: &Entry| entry.cursor);
        all.dedup_by_key(|entry| entry.cursor);
        for entry in all {
            log.replay(Record::Entry(entry));
        }
        let mut counts = BTreeMap::<_, usize>::new();
        for at in begun.here.values() {
            let client = at.rsplit(' ').next().and_then(ClientId::parse);
            if let Some(client) = client {
                *counts.entry(client).or_default() += 1;
            }
        }
        Ok(Snapshot {
            log,
            here: counts.into_iter().collect(),
            from: ReadPosition {
                cursor: begun.cursor,
                receipt: begun.receipt,
            },
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
        let text = serde_json::to_string(&entry).unwrap_or_default();
        let mut arguments = Arguments::default()
            .with("epoch", &self.epoch)
            .with("id", &request.id)
            .with("entry", text)
            .with("weight", entry.weight())
            .with("max_entries", self.retention.outbox.entries)
            .with("max_bytes", self.retention.outbox.bytes)
            .with("history", self.retention.history)
            .with("known_for", KNOWN_FOR);
        let (event, relay) = (event_name(&request.event), self.relay_name(request.relay));
        arguments = arguments.with("event", event).with("relay", relay);
        arguments = match &request.source {
            Source::Own { session, .. } => arguments
                .with("source", "own")
                .with("session", session)
                .with("replica", replica),
            Source::Peer { origin, epoch, .. }
                if *origin == self.service && *epoch == self.epoch =>
            {
                return Ok(AppendOutcome::Refused(Refusal::Loop));
            }
            Source::Peer {
                origin,
                epoch,
                sequence,
            } => arguments
                .with("source", "peer")
                .with("origin", origin)
                .with("origin_epoch", epoch)
                .with("number", sequence),
            Source::Original => arguments.with("source", "original"),
        };
        if let Some(client) = request.event.client() {
            arguments = arguments.with("client", client);
        }
        let answer: HashMap<String, String> = self.run(&self.scripts.append, &arguments).await?;
        Ok(match field(&answer, "outcome") {
            "appended" => {
                entry.place(field(&answer, "cursor"), field(&answer, "sequence"));
                AppendOutcome::Appended(Arc::new(entry))
            }
            "duplicate" => AppendOutcome::Duplicate(field(&answer, "cursor").parse().ok()),
            "full" => AppendOutcome::Refused(Refusal::OutboxFull),
            _ => AppendOutcome::Unknown, // the log is lost
        })
    }

    fn relay_name(&self, relay: RelayPolicy) -> &'static str {
        match relay {
            _ if self.peers.is_empty() => "never",
            RelayPolicy::Required => "required",
            RelayPolicy::IfRoom => "if_room",
            RelayPolicy::Always => "always",
            RelayPolicy::Never => "never",
        }
    }
}

fn event_name(event: &Event) -> &'static str {
    match event {
        Event::Joined { .. } => "joined",
        Event::Left { .. } => "left",
        Event::Message { .. } | Event::Notice { .. } => "message",
    }
}

/// What `begin.lua` answers.
struct Begun {
    epoch: String,
    cursor: u64,
    sequence: u64,
    receipt: String,
    log: Entries,
    out: Entries,
    here: HashMap<String, String>,
    acked: HashMap<String, u64>,
}

impl Begun {
    fn read(mut answer: HashMap<String, Value>) -> Result<Self, RedisError> {
        let mut part = |name: &str| answer.remove(name).unwrap_or(Value::Nil);
        Ok(Self {
            epoch: convert(part("epoch"))?,
            cursor: convert(part("cursor"))?,
            sequence: convert(part("sequence"))?,
            receipt: convert(part("receipt"))?,
            log: convert(part("log"))?,
            out: convert(part("out"))?,
            here: convert(part("here"))?,
            acked: convert(part("acked"))?,
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

/// A field of an entry of a stream, or of an answer; empty where there is none.
fn field<'a>(fields: &'a HashMap<String, String>, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

/// The number that the id of a stream's entry begins with.
fn number_of(id: &str) -> &str {
    id.split('-').next().unwrap_or_default()
}

fn read_entry(
    fields: &HashMap<String, String>,
    cursor: &str,
    sequence: &str,
) -> Result<Entry, SharedLogError> {
    let entry = serde_json::from_str(field(fields, "e"));
    let mut entry: Entry = entry.map_err(|error| SharedLogError::Damaged {
        key: "log",
        reason: error.to_string(),
    })?;
    entry.place(cursor, sequence);
    Ok(entry)
}

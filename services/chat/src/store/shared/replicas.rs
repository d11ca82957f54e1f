//! Which replicas are alive, which of them relays, and what the dead ones leave behind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use runtime::trace::{self, Instrument, Parent, SpanKind};
use runtime_redis::{Command, RedisError};

use super::SharedLog;
use super::scripts::Arguments;
use crate::domain::log::{AppendRequest, RelayPolicy};
use crate::domain::{ClientId, Event, Source, Token, TraceContext};
use crate::wire::relay;

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl SharedLog {
    /// How often a replica says that it is alive, and looks after the dead.
    pub fn heartbeat_interval(&self) -> Duration {
        self.0.dead_after / 5
    }

    /// Says that this replica is alive.
    pub async fn heartbeat(&self) -> Result<(), RedisError> {
        let key = self.0.keys.replica(self.0.replica.as_str());
        let alive = Command::write("SET").arg(key).arg(1);
        let alive = alive.arg("PX").arg(millis(self.0.dead_after));
        self.0.redis.query(&alive).await
    }

    /// Whether this replica is the one to relay to a peer, for the next seconds.
    pub async fn leads(&self, peer: &str) -> Result<bool, RedisError> {
        let arguments = Arguments::default()
            .with("peer", peer)
            .with("replica", &self.0.replica)
            .with("lease", millis(self.0.dead_after / 2));
        self.0.run(&self.0.scripts.lead, &arguments).await
    }

    /// Announces that those have left who were at replicas that are dead.
    pub async fn reap_dead_replicas(&self) -> Result<(), RedisError> {
        let redis = &self.0.redis;
        let all = Command::read("HGETALL").arg(self.0.keys.named("here"));
        let here: BTreeMap<String, String> = redis.query(&all).await?;
        let sessions = here.iter().filter_map(|(session, at)| {
            let mut parts = at.split(' ');
            let replica = Token::parse(parts.next()?).ok()?;
            let client = ClientId::parse(parts.nth(1)?)?;
            Some((Token::parse(session).ok()?, replica, client))
        });
        let sessions: Vec<_> = sessions.collect();
        let mut dead = BTreeSet::new();
        let replicas: BTreeSet<_> = sessions.iter().map(|(_, replica, _)| replica).collect();
        for replica in replicas {
            let exists = Command::read("EXISTS").arg(self.0.keys.replica(replica.as_str()));
            if !redis.query::<bool>(&exists).await? {
                dead.insert(replica.clone());
            }
        }
        for (session, replica, client) in sessions {
            if dead.contains(&replica) {
                tracing::info!(%client, %replica, "left with its replica");
                // Nobody asks for it, so that it begins a trace.
                let span = trace::start(SpanKind::Internal, "leave", Parent::Current, []);
                let left = gone(session, client);
                self.append_as(&left, &replica).instrument(span).await;
            }
        }
        Ok(())
    }
}

fn gone(session: Token, client: ClientId) -> AppendRequest {
    AppendRequest {
        id: Token::random(),
        event: Event::Left { client },
        source: Source::Own {
            session,
            sequence: None,
        },
        at: relay::now_ms(),
        trace: TraceContext::default(),
        relay: RelayPolicy::Always,
    }
}
